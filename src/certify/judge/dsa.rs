//! What a bid owes under the Digital Services Act where the request says so (`regs.ext.dsa`).

use serde_json::Value;

use super::Answer;
use super::read::whole;
use crate::certify::Judgement;
use crate::certify::rules::bid as rule;

/// Characters of `behalf` and `paid`.
const NAME_CHARS_MAX: usize = 100;

pub(super) fn check(answer: &Answer<'_>, judgement: &mut Judgement) {
    let asked = &answer.request["regs"]["ext"]["dsa"];
    let told = &answer.bid["ext"]["dsa"];
    if matches!(whole(&asked["dsarequired"]), Some(2 | 3)) {
        judgement.must(&rule::DSA, told.is_object(), "`ext.dsa` is required and missing");
    }
    if !told.is_object() {
        return;
    }
    for name in ["behalf", "paid"] {
        let chars = told[name].as_str().map_or(0, |text| text.chars().count());
        let holds = (1..=NAME_CHARS_MAX).contains(&chars);
        judgement.must(&rule::DSA_TEXTS, holds, format!("`ext.dsa.{name}` has {chars} characters"));
    }
    if let (Some(publisher), Some(buyer)) = (whole(&asked["pubrender"]), whole(&told["adrender"])) {
        let holds = match publisher {
            0 => buyer == 1,
            2 => buyer == 0,
            _ => matches!(buyer, 0 | 1),
        };
        let what = format!("`pubrender` is {publisher}, and `adrender` is {}", Value::from(buyer));
        judgement.must(&rule::DSA_RENDER, holds, what);
    }
}
