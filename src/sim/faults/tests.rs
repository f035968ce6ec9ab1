use super::{Terms, run};
#[test]
fn smoke() {
    for seed in 0..20 {
        let r = run(seed, Terms { auctions: 2_000, sabotage: None }, &mut |_| {});
        println!(
            "{seed} {:?} {:?}",
            r.violation,
            r.tally
                .rows()
                .filter(|r| r.1 > 0)
                .map(|(c, n)| format!("{}={n}", c.name()))
                .collect::<Vec<_>>()
                .join(" ")
        );
    }
}
