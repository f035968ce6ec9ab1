//! GPP strings: which sections one holds, and what each says.
//!
//! Source: IAB Tech Lab, "Global Privacy Platform", consent string specification 1.0.

mod canada;
mod us;

use crate::privacy::SignalFault;
use crate::privacy::bits::Bits;
use crate::privacy::vendor::{Coding, range};

pub use canada::CanadianString;
pub use us::{UsRefusal, UsSection, opted_out_of_sale};

/// The highest section that this version can read.
pub(in crate::privacy) const SECTION_MAX: u8 = 27;
/// The European section, a TC string.
pub(in crate::privacy) const TCF_EU: u8 = 2;
/// The Canadian section.
pub(in crate::privacy) const TCF_CANADA: u8 = 5;
/// The US privacy string as a section.
pub(in crate::privacy) const US_PRIVACY: u8 = 6;

/// The sections of a GPP string, not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GppString<'a> {
    sections: [Option<&'a str>; SECTION_MAX as usize + 1],
}

impl<'a> GppString<'a> {
    /// The sections of `text`, by its header. Those above 27 are counted and forgotten.
    ///
    /// # Errors
    ///
    /// [`SignalFault`] if the header is not of type 3 and version 1, ends too soon, or names more or fewer
    /// sections than there are.
    pub fn read(text: &'a str) -> Result<Self, SignalFault> {
        Self::read_sections(text).ok_or(SignalFault)
    }

    /// The text of section `id`, if the string holds it.
    #[must_use]
    pub fn section(&self, id: u8) -> Option<&'a str> {
        self.sections.get(usize::from(id)).copied().flatten()
    }

    fn read_sections(text: &'a str) -> Option<Self> {
        let mut parts = text.split('~');
        let mut header = Bits::new(parts.next()?)?;
        if (header.take(6)?, header.take(6)?) != (3, 1) {
            return None;
        }
        let mut sections = [None; SECTION_MAX as usize + 1];
        let mut last = 0;
        for _ in 0..header.take(12)? {
            let (first, end) = range(&mut header, Coding::Fibonacci, last)?;
            // A range that promises more than there is ends with the text.
            for id in first..=end {
                let section = parts.next()?;
                if let Some(place) = sections.get_mut(usize::from(id)) {
                    *place = Some(section);
                }
            }
            last = end;
        }
        parts.next().is_none().then_some(Self { sections })
    }
}

#[cfg(test)]
mod tests;
