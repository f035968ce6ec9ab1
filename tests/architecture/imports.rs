//! Every path that a file names, resolved through its own imports to where it leads.

use std::collections::HashMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{Visit, visit_item_mod, visit_path};
use syn::{ItemMod, ItemUse, Macro, MetaList, Path, UseTree};

use crate::source::{Part, Source, is_test};

/// A path, as named in one place.
#[derive(Debug, Clone)]
pub struct Reference {
    /// As written.
    pub written: Vec<String>,
    /// From a crate: `crate` is the bidder, the name of another crate that one.
    pub path: Vec<String>,
    /// Where the import leads that its first name comes from; empty if it comes from none.
    pub import: Vec<String>,
    /// From 1.
    pub line: usize,
    /// True within `#[cfg(test)]`.
    pub test: bool,
    /// True for `use path::*`.
    pub glob: bool,
}

/// All paths of a file: of imports, in its code, and in what it passes to macros.
pub fn references(source: &Source) -> Vec<Reference> {
    let mut walk =
        Walk { module: source.module(), test: source.test, found: vec![], aliases: HashMap::new() };
    walk.visit_file(&source.syntax);
    let Walk { found, aliases, .. } = walk;
    let part = source.part();
    let resolve = |(module, reference): (Vec<String>, Reference)| {
        let lead = |written: &[String]| resolved(written, &module, &aliases, &part, &source.path);
        let name = reference.written.first().cloned().unwrap_or_default();
        let import = match aliases.get(&(module.clone(), name)) {
            Some(import) if *import != reference.written => lead(import),
            _ => vec![],
        };
        Reference { path: lead(&reference.written), import, ..reference }
    };
    found.into_iter().map(resolve).collect()
}

/// What a module calls a path by.
type Aliases = HashMap<(Vec<String>, String), Vec<String>>;

struct Walk {
    /// Where we are.
    module: Vec<String>,
    test: bool,
    /// With the module in which it was found; not yet resolved.
    found: Vec<(Vec<String>, Reference)>,
    aliases: Aliases,
}

impl Walk {
    fn add(&mut self, written: Vec<String>, line: usize, glob: bool) {
        let reference = Reference { written, path: vec![], import: vec![], line, test: self.test, glob };
        self.found.push((self.module.clone(), reference));
    }

    fn add_use(&mut self, mut prefix: Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_use(prefix, &path.tree);
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_use(prefix.clone(), tree));
            }
            UseTree::Glob(glob) => self.add(prefix, glob.span().start().line, true),
            UseTree::Name(name) => self.add_name(prefix, &name.ident, None),
            UseTree::Rename(rename) => self.add_name(prefix, &rename.ident, Some(&rename.rename)),
        }
    }

    fn add_name(&mut self, mut path: Vec<String>, name: &syn::Ident, alias: Option<&syn::Ident>) {
        if name != "self" {
            path.push(name.to_string());
        }
        let own = alias.map(ToString::to_string).or_else(|| path.last().cloned());
        if let Some(own) = own {
            self.aliases.insert((self.module.clone(), own), path.clone());
        }
        self.add(path, name.span().start().line, false);
    }

    /// Paths among tokens that are not parsed: names joined by `::`.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = vec![];
        let (mut line, mut colons) = (0, 0);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if colons == 2 && !path.is_empty() => {
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && colons < 2 => colons += 1,
                other => {
                    self.add_path_of_tokens(&mut path, line);
                    colons = 0;
                    match other {
                        TokenTree::Ident(ident) => {
                            line = ident.span().start().line;
                            path.push(ident.to_string());
                        }
                        TokenTree::Group(group) => self.add_tokens(group.stream()),
                        TokenTree::Punct(_) | TokenTree::Literal(_) => {}
                    }
                }
            }
        }
        self.add_path_of_tokens(&mut path, line);
    }

    fn add_path_of_tokens(&mut self, path: &mut Vec<String>, line: usize) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.add(path, line, false);
        }
    }
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let test = self.test;
        self.test |= is_test(&module.attrs);
        self.module.push(module.ident.to_string());
        visit_item_mod(self, module);
        self.module.pop();
        self.test = test;
    }

    fn visit_item_use(&mut self, import: &'ast ItemUse) {
        self.add_use(vec![], &import.tree);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let written = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(written, path.span().start().line, false);
        visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.add_tokens(call.tokens.clone());
    }

    fn visit_meta_list(&mut self, meta: &'ast MetaList) {
        self.visit_path(&meta.path);
        self.add_tokens(meta.tokens.clone());
    }
}

/// Where a path leads, from a crate on; a name that is not imported is left as it is.
fn resolved(
    written: &[String],
    module: &[String],
    aliases: &Aliases,
    part: &Part,
    file: &str,
) -> Vec<String> {
    let mut path = written.to_vec();
    // An import may start from another; two such steps are more than anyone writes.
    for _ in 0..3 {
        let Some(aliased) = path.first().and_then(|first| aliases.get(&(module.to_vec(), first.clone())))
        else {
            break;
        };
        let rest = path.split_off(1);
        path = aliased.iter().cloned().chain(rest).collect();
    }
    let supers = path.iter().take_while(|segment| *segment == "super").count();
    let own_crate = if *part == Part::Loadtest { "loadtest" } else { "crate" };
    let absolute = |from: &[String], rest: &[String]| -> Vec<String> {
        [own_crate.to_owned()].into_iter().chain(from.iter().cloned()).chain(rest.iter().cloned()).collect()
    };
    match path.first().map(String::as_str) {
        Some("super") => absolute(&module[..module.len().saturating_sub(supers)], &path[supers..]),
        Some("self") if path.len() > 1 => absolute(module, &path[1..]),
        Some("crate") => absolute(&[], &path[1..]),
        Some("encan") if *part == Part::Loadtest || file == "src/main.rs" => {
            ["crate".to_owned()].into_iter().chain(path[1..].iter().cloned()).collect()
        }
        _ => path,
    }
}
