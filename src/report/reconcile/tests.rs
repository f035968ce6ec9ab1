//! The whole reconciliation on small files.
