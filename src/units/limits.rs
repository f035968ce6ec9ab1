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
/// Jobs waiting for the ledger's writer, each the events of one request, or a question for leases. A full queue answers notices with 503, and they are retried.
pub const LEDGER_QUEUE_MAX: usize = 16_384;
/// Jobs in one commit of the ledger's writer, each the events of one request, or a question for leases: bounds the wait
/// of the first one.
pub const LEDGER_BATCH_MAX: usize = 4_096;
/// Exposures remembered for a user or household, over all campaigns. Whoever has as many that caps still count sees
/// no ad with a cap until one of them is too old. A household of eight fits, each at the highest cap that `check`
/// takes; each candidate walks over them, so a list is no longer than that, and 24 kB at most.
pub const EXPOSURES_MAX: usize = 512;
/// Frequency caps in one list: more windows than anybody keeps in mind, and each is counted on every candidate.
pub const FREQUENCY_CAPS_MAX: usize = 8;
/// The highest frequency cap.
pub const FREQUENCY_IMPRESSIONS_MAX: u32 = 64;
/// The longest frequency window: exposures are kept, and rebuilt after a restart, as long as this.
pub const FREQUENCY_WINDOW_MAX: Millis = Millis::from_seconds(31 * 86_400);
/// The longest that notices of money are honoured after the bid, whatever an exchange's profile says: the latest known
/// ones come after three hours, and budgets forget a day after two.
pub const NOTICE_AGE_MAX: Millis = Millis::from_seconds(24 * 3_600);
/// The longest a click or conversion is honoured after its bid.
pub const CONVERSION_AGE_MAX: Millis = Millis::from_seconds(60 * 86_400);
/// Keys of notices that are kept: a new one a day, as long as their tokens may be out.
pub const NOTICE_KEYS_MAX: usize = 64;
/// Bytes of a notice token in base64, far above what we mint.
pub const TOKEN_CHARS_MAX: usize = 1_024;
/// Bytes of a campaign file: a list of 200,000 domains fits.
pub const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Lines of a list file: three times what the longest lists of domains hold that are traded.
pub const LIST_LINES_MAX: usize = 1_000_000;
/// List files of a folder: each is read whole whenever one changes.
pub const LIST_FILES_MAX: usize = 2_000;
/// Faulty lines of one list file that are shown, the others being counted: who mends them sees the kind of mistake
/// by the first few.
pub const LIST_FAULTS_MAX: usize = 20;
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
/// The longest that an event of a person counts: thirteen months, as long as a cookie may recognise a person
/// (CNIL, guidelines on cookies of 17 September 2020).
pub const RETENTION_MAX: Millis = Millis::from_seconds(395 * 86_400);
/// Kinds of events of one advertiser: shops send about ten.
pub const DEFINITION_EVENTS_MAX: usize = 64;
/// Stages, classes or intents of one advertiser: each costs a look at a person's history for every bid request.
pub const DEFINITION_NAMES_MAX: usize = 256;
/// The highest cap of a lead score.
pub const LEAD_SCORE_MAX: i64 = 100_000;
/// Topics in one question about events.
pub const EVENT_TOPICS_MAX: usize = 1_024;
/// Characters of an event's topic.
pub const TOPIC_CHARS_MAX: usize = 64;
/// The highest number of events that a question asks for: more are not remembered for a person ([`HISTORY_MAX`]).
pub const EVENT_COUNT_MAX: u32 = 64;
/// How far the clock of whoever sends an event may be ahead of ours.
pub const EVENT_AHEAD_MAX: Millis = Millis::from_seconds(5 * 60);
/// Characters of a promo code: people type it.
pub const PROMO_CODE_CHARS_MAX: usize = 64;
/// Promo codes of a campaign and its types together.
pub const PROMO_CODES_MAX: usize = 1_000;
/// Conversions in one call.
pub const CONVERSIONS_OF_CALL_MAX: usize = 1_000;
/// Bytes of a call of as many conversions, from whoever shows a token: others send one at a time.
pub const CONVERSIONS_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Events in one call of an advertiser's server.
pub const EVENTS_OF_CALL_MAX: usize = 1_000;
/// Bytes of a call of an advertiser's server: as many events, with their consent strings.
pub const EVENTS_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a person's id: far above any cookie or extended id.
pub const USER_ID_BYTES_MAX: usize = 512;
/// Bytes of an order's or an event's id.
pub const EVENT_ID_BYTES_MAX: usize = 256;
/// Bytes of a user agent that are read: real ones have under 400, those of apps with a list of their features under
/// 800. Time and memory of the rules that read it grow with its length.
pub const USER_AGENT_BYTES_MAX: usize = 1_024;
/// User agents whose meaning is remembered, the most frequent ones: a few tens of thousands make nearly all traffic.
/// An entry takes under 128 bytes.
pub const USER_AGENTS_MAX: usize = 65_536;

/// Publishers whose names are kept: more than a buyer's exchanges sell in a year, some 4 MB in the ledger.
pub const PUBLISHERS_NAMED_MAX: usize = 65_536;
/// Bytes of a publisher's name: domains and bundles are shorter, whatever is longer is cut.
pub const PUBLISHER_NAME_BYTES_MAX: usize = 128;
/// Bytes of a database of addresses: the largest on the market have about 1 GB. It is held in memory.
pub const GEO_FILE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Age of a database of addresses from which on it is stale: the usual ones come out every week or month.
pub const GEO_AGE_MAX: Millis = Millis::from_seconds(60 * 86_400);
/// Parts that a database tells apart within one network that an address was cut to: 32 are those of a /24 in /29.
/// Further ones would cost a decision its time, and have little in common.
pub const NETWORK_PARTS_MAX: usize = 32;
/// Names of one city: MaxMind has eight languages.
pub const CITY_NAMES_MAX: usize = 8;
/// People in the audience store. Beyond it newcomers are refused and counted: at 130 bytes each, this is 6.5 GB.
pub const AUDIENCE_PEOPLE_MAX: usize = 50_000_000;
/// Segments of all people together: a segment's number has 18 bits beside its expiry. No taxonomy in use has a
/// tenth of that.
pub const SEGMENTS_MAX: u32 = 1 << 18;
/// Kinds of events of all people together, each an advertiser, an event and a topic.
pub const ACTS_MAX: u32 = 1 << 20;
/// Segments of one person; those that expire first are forgotten. Ten times what people have on average, and few
/// enough that looking somebody up stays bounded.
pub const SEGMENTS_OF_PERSON_MAX: usize = 256;
/// Events remembered for a person. Beyond it the advertiser with the most loses the oldest of its most frequent kind.
pub const HISTORY_MAX: usize = 64;
/// The age at which an event is deleted, however short it counts at its advertiser: a year, so that last year's season
/// is remembered, and a month.
pub const HISTORY_AGE_MAX: Millis = Millis::from_seconds(396 * 86_400);
/// Changes waiting for the audience store's writer. A full queue refuses the next one, which may come again.
pub const AUDIENCE_QUEUE_MAX: usize = 16_384;
/// Changes in one commit of the audience store: bounds the wait of the first one.
pub const AUDIENCE_BATCH_MAX: usize = 4_096;
/// People whom the command line reads at once from the audiences: some milliseconds, between which a server's log can
/// be folded.
pub const AUDIENCE_PAGE: usize = 10_000;
/// Rows of an import that are held in memory and sorted before they are written, about 50 MB.
pub const IMPORT_ROWS_HELD: usize = 1_000_000;
/// People in one transaction of an import: a running server writes between two of them.
pub const IMPORT_PEOPLE_OF_COMMIT: usize = 20_000;
/// Bytes of a line of an import: an id, a few names and a date. A longer one is refused unread.
pub const IMPORT_LINE_BYTES_MAX: usize = 4_096;
/// Bytes of a line of a file that is reconciled: an id, an amount and some dozens of other columns take under 4 kB.
pub const RECONCILE_LINE_BYTES_MAX: usize = 64 * 1024;
/// Lines that one quoted text of such a file may go over: names of creatives are broken in two or three.
pub const RECONCILE_LINES_JOINED_MAX: usize = 8;
/// Lines at the top of such a file among which its heading is looked for: exports put a title and a period there.
pub const RECONCILE_TOP_LINES: usize = 20;

/// For how long a lease lives without a word of its holder: long enough that a slow disk ends nothing, short enough
/// that a bidder which died soon counts as gone.
pub const LEASE_TTL: Millis = Millis::from_seconds(5);

/// A bid request that is pasted into the console: several times what exchanges send, and small enough for a page that
/// shows it again. Larger ones are explained on the command line.
pub const EXPLAINED_BYTES_MAX: usize = 32 * 1024;

/// Campaigns that have metrics of their own, four series each: more would be most of what Prometheus keeps of us.
pub const METRICS_CAMPAIGNS_MAX: usize = 100;

/// Bytes of a file of corrections: some ten thousand of them.
pub const CORRECTIONS_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Corrections of one file.
pub const CORRECTIONS_OF_FILE_MAX: usize = 20_000;
/// Bills that one file corrects: they are written in one commit, for which every notice waits, about a second.
pub const CORRECTED_BILLS_MAX: usize = 200_000;
/// Characters of a correction's reason.
pub const REASON_CHARS_MAX: usize = 500;
/// Characters of the name of who says so, and of a correction's id.
pub const AUTHOR_CHARS_MAX: usize = 100;
