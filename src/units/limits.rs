//! The limits on everything that comes from outside, each with its reason.

use crate::units::Millis;

/// Bytes of a bid request as received. The largest of 2,973 recorded ones has 11 kB; exchanges send up
/// to 12 kB; ten times that leaves room for long consent strings and content objects.
pub const BODY_BYTES_MAX: usize = 128 * 1024;
/// Bytes of a bid request after inflating: stops a gzip bomb at twice the plain limit.
pub const BODY_INFLATED_BYTES_MAX: usize = 256 * 1024;
/// Nesting of JSON: serde_json's own limit, which real requests (under 20) never come near.
pub const JSON_DEPTH_MAX: usize = 128;
/// Impressions of one bid request that are looked at; pods and multi-slot pages stay below 50.
pub const IMPS_MAX: usize = 64;
/// Elements of any list in a bid request that are kept, but for block lists: cut short, they would let
/// through what they block, and the body's size bounds them.
pub const LIST_MAX: usize = 1_024;
/// Nodes of a supply chain that are held against an exchange's rules; a longer one breaks them. Real chains have
/// one to five nodes, hardly any has ten, and each node costs a search in every list.
pub const CHAIN_NODES_MAX: u32 = 64;
/// Candidates for one impression that pricing looks at before giving up: bounds the tail when
/// the best line items are all out of budget.
pub const CANDIDATES_MAX: usize = 64;
/// Rows whose value for the request is worked out in one search: with modifiers each takes some ten nanoseconds,
/// and line items whose modifiers could raise them, but do not, stand above those that bid.
pub const ROWS_VALUED_MAX: usize = 4_096;
/// Modifiers of one line item: each is asked of every impression that the line item fits.
pub const MODIFIERS_MAX: usize = 16;
/// Candidates for all impressions of one request together.
pub const CANDIDATES_OF_REQUEST_MAX: usize = 512;
/// Deals of one impression that are bid on: each holds a budget's money until its outcome is known.
pub const DEAL_BIDS_OF_IMP_MAX: usize = 4;
/// Line items that are weighed against each other for one dynamic pod.
pub const POD_OFFERS_MAX: usize = 32;
/// Bids on one dynamic pod: a break of two minutes holds eight of 15 seconds.
pub const BIDS_OF_POD_MAX: usize = 8;
/// Bytes of a server-to-server conversion.
pub const CONVERSION_BYTES_MAX: usize = 16 * 1024;
/// Events waiting for the ledger's writer. A full queue answers notices with 503, and they are retried.
pub const LEDGER_QUEUE_MAX: usize = 16_384;
/// Events in one commit: bounds the wait of the first one.
pub const LEDGER_BATCH_MAX: usize = 4_096;
/// Exposures remembered for a user, over all campaigns; the oldest are forgotten. Four campaigns at the
/// highest cap that `check` takes fit.
pub const EXPOSURES_MAX: usize = 256;
/// The highest frequency cap.
pub const FREQUENCY_IMPRESSIONS_MAX: u32 = 64;
/// The longest frequency window: exposures are kept, and rebuilt after a restart, as long as this.
pub const FREQUENCY_WINDOW_MAX: Millis = Millis::from_seconds(31 * 86_400);
/// The longest a token is honoured after its bid, for impressions: the latest known billing notices
/// come after three hours.
pub const NOTICE_AGE_MAX: Millis = Millis::from_seconds(24 * 3_600);
/// The longest a click or conversion is honoured after its bid.
pub const CONVERSION_AGE_MAX: Millis = Millis::from_seconds(60 * 86_400);
/// Bytes of a notice token in base64, far above what we mint.
pub const TOKEN_CHARS_MAX: usize = 1_024;
/// Bytes of a campaign file: a list of 200,000 domains fits.
pub const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Files of one kind of supply list that are read: every outlet of a large plan has one.
pub const SUPPLY_FILES_MAX: usize = 50_000;
/// Faults of one check that are shown: nobody reads more, and a wrong list of 200,000 domains must not
/// take minutes to report.
pub const FAULTS_MAX: usize = 200;
/// Connections open at once.
pub const CONNECTIONS_MAX: usize = 20_000;
/// Idle time after which a connection is closed: exchanges ask for at least 150 s.
pub const IDLE: Millis = Millis::from_seconds(155);
/// Bytes of the head of a request: an address with the longest token, and headers of a browser with its cookies.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Time that the head of a request may take to arrive from its first byte on: whoever sends one writes it at
/// once, and one that comes byte by byte only holds a connection.
pub const HEAD_WAIT: Millis = Millis::from_seconds(10);
/// Bytes of an answer from which on it is compressed, for a caller who asks for it: a smaller one fits into one
/// packet of an Ethernet (1,500 bytes) with its head.
pub const COMPRESSED_FROM_BYTES: usize = 1_200;
/// Time that an answer may wait for a client that does not take it.
pub const UNREAD_WAIT: Millis = Millis::from_seconds(30);
/// Time that a body may take to arrive once its head is here.
pub const BODY_WAIT: Millis = Millis::from_seconds(2);
/// Bytes of a user agent that are read: real ones have under 400, those of apps with a list of their features under
/// 800. Time and memory of the rules that read it grow with its length.
pub const USER_AGENT_BYTES_MAX: usize = 1_024;
/// User agents whose meaning is remembered, the most frequent ones: a few tens of thousands make nearly all traffic.
/// An entry takes under 128 bytes.
pub const USER_AGENTS_MAX: usize = 65_536;
