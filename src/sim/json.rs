//! JSON written by hand into a buffer: a load generator must cost less than what it loads.
//!
//! Every member is followed by a comma, and closing an object or a list takes the last one back, so that
//! nothing has to be remembered in between. Deliberately absent: floats. Decimals are integers with a scale.

/// A JSON text in the making, at the end of a buffer.
pub(crate) struct Json<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Json<'a> {
    /// A text that begins at the end of `out`.
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start }
    }

    /// Bytes written so far.
    pub(crate) fn len(&self) -> usize {
        self.out.len() - self.start
    }

    /// Opens an element of a list, or the root.
    pub(crate) fn open(&mut self) {
        self.out.push(b'{');
    }

    /// Opens the object `name`.
    pub(crate) fn object(&mut self, name: &str) {
        self.key(name);
        self.out.push(b'{');
    }

    /// Closes an object.
    pub(crate) fn close(&mut self) {
        self.end(b'}');
    }

    /// Opens the list `name`.
    pub(crate) fn list(&mut self, name: &str) {
        self.key(name);
        self.out.push(b'[');
    }

    /// Closes a list.
    pub(crate) fn close_list(&mut self) {
        self.end(b']');
    }

    /// Ends the root: nothing follows it.
    pub(crate) fn finish(&mut self) {
        self.close();
        self.out.pop();
    }

    /// The member `name`, a text.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.key(name);
        self.element(value);
    }

    /// The member `name`, a text that `write` appends and that needs no escape: ids, hexadecimals, base64.
    pub(crate) fn plain(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.key(name);
        self.plain_element(write);
    }

    /// An element of a list, a text that `write` appends and that needs no escape.
    pub(crate) fn plain_element(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.out.push(b'"');
        write(self.out);
        self.out.extend_from_slice(b"\",");
    }

    /// An element of a list, a text.
    pub(crate) fn element(&mut self, value: &str) {
        self.out.push(b'"');
        escape(self.out, value.as_bytes());
        self.out.extend_from_slice(b"\",");
    }

    /// The member `name`, an integer.
    pub(crate) fn number(&mut self, name: &str, value: i64) {
        self.key(name);
        self.number_element(value);
    }

    /// An element of a list, an integer.
    pub(crate) fn number_element(&mut self, value: i64) {
        write_integer(self.out, value);
        self.out.push(b',');
    }

    /// The member `name`, `value * 10^-scale`.
    pub(crate) fn decimal(&mut self, name: &str, value: i64, scale: u32) {
        self.key(name);
        let unit = 10u64.pow(scale);
        if value < 0 {
            self.out.push(b'-');
        }
        let (whole, mut rest) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
        write_digits(self.out, whole, 1);
        if rest > 0 {
            let mut width = scale;
            while rest.is_multiple_of(10) {
                rest /= 10;
                width -= 1;
            }
            self.out.push(b'.');
            write_digits(self.out, rest, width);
        }
        self.out.push(b',');
    }

    /// The member `name`, 1 or 0.
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.number(name, i64::from(value));
    }

    /// The member `name`, a list of texts.
    pub(crate) fn texts(&mut self, name: &str, values: &[&str]) {
        self.list(name);
        for value in values {
            self.element(value);
        }
        self.close_list();
    }

    /// The member `name`, a list of integers.
    pub(crate) fn numbers(&mut self, name: &str, values: &[u32]) {
        self.list(name);
        for value in values {
            self.number_element(i64::from(*value));
        }
        self.close_list();
    }

    fn key(&mut self, name: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn end(&mut self, bracket: u8) {
        if self.out.last() == Some(&b',') {
            self.out.pop();
        }
        self.out.push(bracket);
        self.out.push(b',');
    }
}

/// Appends `value` in decimal.
pub(crate) fn write_integer(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    write_digits(out, value.unsigned_abs(), 1);
}

/// Appends `value` in decimal with at least `width` digits.
pub(crate) fn write_digits(out: &mut Vec<u8>, mut value: u64, width: u32) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    let least = digits.len().saturating_sub(width as usize);
    while value > 0 || at > least {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends the low `digits` hexadecimal digits of `value`.
pub(crate) fn write_hex(out: &mut Vec<u8>, value: u64, digits: u32) {
    for at in (0..digits).rev() {
        out.push(b"0123456789abcdef"[(value >> (4 * at) & 15) as usize]);
    }
}

/// Appends a UUID (8-4-4-4-12) of 128 bits.
pub(crate) fn write_uuid(out: &mut Vec<u8>, high: u64, low: u64) {
    for (value, digits) in [(high >> 32, 8), (high >> 16, 4), (high, 4), (low >> 48, 4), (low, 12)] {
        if digits != 8 {
            out.push(b'-');
        }
        write_hex(out, value, digits);
    }
}

fn escape(out: &mut Vec<u8>, text: &[u8]) {
    let mut from = 0;
    for (at, byte) in text.iter().enumerate() {
        if !matches!(byte, b'"' | b'\\' | 0..=0x1f) {
            continue;
        }
        out.extend_from_slice(&text[from..at]);
        from = at + 1;
        if *byte < 0x20 {
            out.extend_from_slice(b"\\u00");
            write_hex(out, u64::from(*byte), 2);
        } else {
            out.extend_from_slice(&[b'\\', *byte]);
        }
    }
    out.extend_from_slice(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::{Json, write_uuid};

    #[test]
    fn every_text_reads_back_as_it_was() {
        let all: String = (0..0x250u32).filter_map(char::from_u32).collect();
        let mut out = b"before".to_vec();
        let mut json = Json::new(&mut out);
        json.open();
        json.text("all", &all);
        json.texts("list", &["a", "\"", ""]);
        json.object("empty");
        json.close();
        json.decimal("floor", -1_050_000, 6);
        json.decimal("whole", 3_000_000, 6);
        json.number("n", i64::MIN);
        json.finish();
        let read: serde_json::Value = serde_json::from_slice(&out[6..]).unwrap();
        assert_eq!(read["all"], all.as_str());
        assert_eq!(read["list"], serde_json::json!(["a", "\"", ""]));
        assert_eq!(read["floor"].to_string(), "-1.05");
        assert_eq!(read["whole"].to_string(), "3");
        assert_eq!(read["n"], i64::MIN);
    }

    #[test]
    fn a_uuid_has_its_usual_form() {
        let mut out = Vec::new();
        write_uuid(&mut out, 0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210);
        assert_eq!(out, b"01234567-89ab-cdef-fedc-ba9876543210");
    }
}
