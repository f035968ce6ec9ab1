//! The rules, one function each.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{
    Visit, visit_impl_item_fn, visit_item_enum, visit_item_fn, visit_item_mod, visit_item_struct,
    visit_item_trait, visit_item_type, visit_trait_item_fn,
};
use syn::{Block, Ident, ImplItemFn, ItemEnum, ItemFn, ItemMod, ItemStruct, ItemTrait, ItemType};
use syn::{Signature, TraitItemFn};

use crate::imports::{Reference, references};
use crate::rooms;
use crate::source::{Part, Source, is_test};
use crate::violation::Violation;

/// Lines of a function, from its `fn` to its last brace.
const FUNCTION_LINES_MAX: usize = 70;
/// Lines of a file, without its test module.
const FILE_LINES_MAX: usize = 500;

/// Everything wrong with a file, in the order of its lines.
pub fn violations(source: &Source) -> Vec<Violation> {
    let mut violations = vec![];
    let references = references(source);
    for reference in &references {
        for rule in [room_import, front_door, purity] {
            // What an import broke is told once, at the import.
            let import = Reference { path: reference.import.clone(), glob: false, ..reference.clone() };
            if rule(source, &import).is_none() {
                violations.extend(rule(source, reference));
            }
        }
        violations.extend(plain_import(source, reference));
    }
    violations.extend(head(source));
    violations.extend(file_length(source));
    violations.extend(functions_and_names(source));
    let tokens: TokenStream = source.text.parse().expect("a file that is syntax is tokens");
    unsafe_and_allow(source, tokens, &mut violations);
    violations.sort_by_key(|violation| violation.line);
    violations.dedup();
    violations
}

/// The room of the bidder that a reference leads to.
fn room_of(reference: &Reference) -> Option<&str> {
    match reference.path.as_slice() {
        [bidder, room, ..] if bidder == "crate" => Some(room),
        _ => None,
    }
}

/// Rule: rooms import what the table says, and the load test the wire alone.
fn room_import(source: &Source, reference: &Reference) -> Option<Violation> {
    let target = room_of(reference)?;
    let part = source.part();
    let (name, imports) = match &part {
        Part::Room(own) if own == target => return None,
        Part::Room(own) => (own.as_str(), rooms::imports(own).unwrap_or_default()),
        Part::Loadtest => ("the load test", rooms::LOADTEST.to_vec()),
        Part::Root => return None,
    };
    if imports.contains(&target) {
        return None;
    }
    let found = format!("{name} imports {target}, as `{}`", reference.written.join("::"));
    let remedy = if rooms::imports(target).is_none() {
        format!("there is no room {target}: name one in tests/architecture/rooms.rs, or import from another")
    } else if imports.is_empty() {
        format!("{name} imports nothing: hand the value in")
    } else {
        format!("hand the value in, or move it to a room that {name} may import: {}", imports.join(", "))
    };
    Some(source.violation(reference.line, "rooms", found, &remedy))
}

/// Rule: another room is entered by its front door, `crate::room::Item`.
fn front_door(source: &Source, reference: &Reference) -> Option<Violation> {
    let target = room_of(reference)?;
    match source.part() {
        Part::Room(own) if own == target => return None,
        // Only the root enters the shell, whose rooms are its verbs.
        Part::Root if target == rooms::SHELL => return None,
        Part::Room(_) | Part::Root | Part::Loadtest => {}
    }
    let module = reference.path.get(2)?;
    // Behind a type stand its variants and functions; behind a lower-case name, a module's items.
    let is_module = module.starts_with(char::is_lowercase) && (reference.path.len() > 3 || reference.glob);
    if !is_module || rooms::FRONT_DOORS.contains(&(target, module)) {
        return None;
    }
    let found = format!("`{}` reaches into {target}", reference.written.join("::"));
    let remedy =
        format!("write `pub use {module}::...` in src/{target}/mod.rs, and import `crate::{target}::...`");
    Some(source.violation(reference.line, "front door", found, &remedy))
}

/// Rule: a pure room names no runtime, file, network, thread, environment, clock or random source.
fn purity(source: &Source, reference: &Reference) -> Option<Violation> {
    match source.part() {
        Part::Room(room) if room != rooms::SHELL && !reference.test => {}
        Part::Room(_) | Part::Root | Part::Loadtest => return None,
    }
    let path = &reference.path;
    let banned = rooms::IMPURE.iter().find(|(prefix, _)| {
        path.len() >= prefix.len() && path.iter().zip(*prefix).all(|(own, banned)| own == banned)
    });
    let jiff = path.first().is_some_and(|first| first == "jiff")
        && path.last().is_some_and(|last| rooms::IMPURE_JIFF.contains(&last.as_str()));
    let all_of_std = reference.glob && path.first().is_some_and(|first| first == "std");
    let remedy = match banned {
        Some((_, remedy)) => remedy,
        None if jiff => rooms::TIME,
        None if all_of_std => "name what is imported",
        None => return None,
    };
    Some(source.violation(reference.line, "purity", format!("`{}` in a pure room", path.join("::")), remedy))
}

/// Rule: no globs, no `super::super`.
fn plain_import(source: &Source, reference: &Reference) -> Option<Violation> {
    let written = reference.written.join("::");
    if reference.glob {
        let found = format!("`{written}::*`");
        return Some(source.violation(reference.line, "no globs", found, "name what is imported"));
    }
    let twice = reference.written.iter().take(2).filter(|segment| *segment == "super").count() == 2;
    twice.then(|| {
        let remedy = "start from the crate: `crate::room::Item`";
        source.violation(reference.line, "no super::super", format!("`{written}`"), remedy)
    })
}

/// Rule: a file opens by saying what it is.
fn head(source: &Source) -> Option<Violation> {
    (!source.text.starts_with("//!")).then(|| {
        let remedy = "open it with `//!`: what it is, where it stands, what is absent";
        source.violation(1, "head", "the file does not say what it is".to_owned(), remedy)
    })
}

/// Rule: a file has at most 500 lines, its test module apart.
fn file_length(source: &Source) -> Option<Violation> {
    let lines = source.lines_apart_from_tests();
    (!source.test && lines > FILE_LINES_MAX).then(|| {
        let found = format!("{lines} lines, {FILE_LINES_MAX} is the most");
        source.violation(lines, "file length", found, "look for a second idea in it, and give it a file")
    })
}

/// Rules: a function has at most 70 lines; no name that says nothing.
fn functions_and_names(source: &Source) -> Vec<Violation> {
    let mut items = Items { source, test: source.test, violations: vec![] };
    items.visit_file(&source.syntax);
    items.violations
}

struct Items<'s> {
    source: &'s Source,
    test: bool,
    violations: Vec<Violation>,
}

impl Items<'_> {
    fn function(&mut self, signature: &Signature, block: &Block) {
        let lines = block.span().end().line - signature.span().start().line + 1;
        if lines > FUNCTION_LINES_MAX && !self.test {
            let found = format!("`{}` has {lines} lines, {FUNCTION_LINES_MAX} is the most", signature.ident);
            let line = signature.span().start().line;
            let remedy = "keep the decisions here, and give the loops and leaves a function each";
            self.violations.push(self.source.violation(line, "function length", found, remedy));
        }
    }

    fn name(&mut self, name: &Ident) {
        let text = name.to_string();
        let empty = ["Manager", "Managers", "Helper", "Helpers"].iter().any(|word| text.ends_with(word))
            || ["utils", "util", "helpers", "helper"].contains(&text.as_str());
        if empty {
            let line = name.span().start().line;
            let remedy = "look for the noun: what is it?";
            self.violations.push(self.source.violation(
                line,
                "names",
                format!("`{text}` says nothing"),
                remedy,
            ));
        }
    }
}

impl<'ast> Visit<'ast> for Items<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.name(&item.ident);
        let test = self.test;
        self.test |= is_test(&item.attrs);
        visit_item_mod(self, item);
        self.test = test;
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.sig, &item.block);
        visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.name(&item.ident);
        visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.name(&item.ident);
        visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        self.name(&item.ident);
        visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast ItemType) {
        self.name(&item.ident);
        visit_item_type(self, item);
    }
}

/// Rules: `unsafe` only where listed, lints silenced only by `#[expect]`. By tokens, so within macros too.
fn unsafe_and_allow(source: &Source, tokens: TokenStream, violations: &mut Vec<Violation>) {
    let mut attribute = false;
    for token in tokens {
        match token {
            TokenTree::Punct(punct) => {
                attribute = punct.as_char() == '#' || (attribute && punct.as_char() == '!');
                continue;
            }
            TokenTree::Ident(ident) if ident == "unsafe" => {
                if !rooms::UNSAFE.iter().any(|(file, _)| *file == source.path) {
                    let remedy =
                        "write it safely, or list the file with its reason in tests/architecture/rooms.rs";
                    let line = ident.span().start().line;
                    violations.push(source.violation(line, "unsafe", "`unsafe`".to_owned(), remedy));
                }
            }
            TokenTree::Group(group) => {
                if attribute && group.delimiter() == Delimiter::Bracket && allows(group.stream()) {
                    let remedy = "mend it, or write #[expect(lint, reason = \"...\")]";
                    let line = group.span().start().line;
                    violations.push(source.violation(line, "no allow", "`#[allow]`".to_owned(), remedy));
                }
                unsafe_and_allow(source, group.stream(), violations);
            }
            TokenTree::Ident(_) | TokenTree::Literal(_) => {}
        }
        attribute = false;
    }
}

/// True for `allow(...)`, also within `cfg_attr(..., allow(...))`.
fn allows(attribute: TokenStream) -> bool {
    let mut tokens = attribute.into_iter().peekable();
    let mut found = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) => {
                let is_list = matches!(tokens.peek(), Some(TokenTree::Group(_)));
                found |= ident == "allow" && is_list;
            }
            TokenTree::Group(group) => found |= allows(group.stream()),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}
