//! How requests are carried and answered: transport, format, encoding, time, tolerance.

use crate::certify::rules::{Rule, rules};

rules! {
    ANSWERED = "http.answered", "2.1", "every request gets an HTTP answer";
    STATUS = "http.status", "2.1", "a right request is answered with 200 or 204";
    NO_CONTENT = "http.no-content", "2.1", "a 204 has no body";
    METHOD = "http.method", "2.1", "anything but POST is answered with 404 or 405";
    MALFORMED = "http.malformed", "2.1", "a malformed request is answered with 400";
    MALFORMED_EMPTY = "http.malformed-empty", "2.1", "a 400 has no content";
    KEEP_ALIVE = "http.keep-alive", "2.1", "the connection stays open from one request to the next";
    SURVIVAL = "http.survival", "2.1", "no request, however wrong, is answered with a 5xx";
    TYPE_MISSING = "http.type-missing", "2.3", "a request without a content type is read as JSON";
    TYPE_CHARSET = "http.type-charset", "2.3", "the content type may name a character set";
    TYPE_OF_ANSWER = "http.type-of-answer", "2.3", "bids come as `application/json`, the format of the request";
    OTHER_FORMAT = "http.other-format", "2.3",
        "a format that is not spoken is refused with 400 or 415, or answered in kind";
    GZIP_REQUEST = "http.gzip-request", "2.4", "a request compressed with gzip is read";
    GZIP_UNASKED = "http.gzip-unasked", "2.4", "no answer is compressed that was not asked to be";
    GZIP_ANSWER = "http.gzip-answer", "2.4", "a compressed answer says so, and inflates";
    VERSION_HEADER = "http.version-header", "2.5", "no request is refused for its `x-openrtb-version`";
    VERSION_ECHO = "http.version-echo", "2.5", "`x-openrtb-version` of an answer has the form `2.6`";
    UNKNOWN_FIELDS = "tolerance.unknown-fields", "2.6", "fields and codes that are not known are read past";
    EXTENSIONS = "tolerance.ext", "2.9", "any object may have an `ext`, of any type";
    TMAX_SPENT = "time.spent", "3.2.1", "a request whose `tmax` is all but over is answered, with or without bids";
    NO_BID_FORM = "no-bid.form", "7.1", "no bid is an empty 204, `{}`, or an empty `seatbid` with or without `nbr`";
    NO_BID_REASON = "no-bid.reason", "7.1", "`nbr` is a code of the list, or 500 and above";
    NOTICE_METHODS = "notice.methods", "2.1", "win and billing notices are taken by GET and by POST";
    NOTICE_REPEATED = "notice.repeated", "7.8", "a billing notice sent again is answered as the first one was";
    NOTICE_MACROS = "notice.macros", "4.4", "a notice whose macro is `AUDIT`, empty or unexpanded gets no 5xx";
    TEXT_PLAIN = "http.text-plain", "Prebid", "JSON called `text/plain` is read, as browsers send it";
    NUMBERS = "tolerance.numbers", "traffic", "`300.0` and `\"300\"` stand for 300";
    FLAGS = "tolerance.flags", "traffic", "`true` and `\"1\"` stand for 1";
    NULLS = "tolerance.nulls", "traffic", "null stands for an absent object, list or text";
    LONE_TEXTS = "tolerance.lone-texts", "traffic", "a text stands for a list of one text, and a number for a text";
    NATIVE_OBJECT = "tolerance.native-object", "traffic", "`native.request` may be an object";
    KEYWORDS = "tolerance.keywords", "traffic", "`keywords` may be a list";
    WRONG_IMPS = "tolerance.imps", "traffic", "an imp without id or media, or with an id seen before, spoils no other";
    CHANNELS = "tolerance.channels", "traffic", "site and app together, or none of them, spoil nothing";
    SCRIPTS = "tolerance.scripts", "traffic", "texts may be of any script";
    DUPLICATE_KEYS = "tolerance.duplicate-keys", "traffic", "a key that comes twice spoils nothing";
    CURRENCIES = "tolerance.currencies", "traffic", "a currency that does not exist spoils nothing";
    ON_TIME = "time.on-time", "profile", "the share of answers that the exchange asks for comes within `tmax`";
    NO_BID_PROFILE = "no-bid.profile", "profile", "no bid has the form that the exchange asks for";
}
