//! Placeholder until the rules of an answer stand here.
