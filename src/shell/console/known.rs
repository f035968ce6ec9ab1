//! What is known of whoever is behind a request that is only explained, copied: while an explanation takes its time, no
//! shard of what people were shown stays locked.

use crate::agent::Agent;
use crate::audience::Profile;
use crate::bidder::{Ask, Snapshot};
use crate::campaign::Exchange;
use crate::frequency::{Exposures, Seen};
use crate::geo::Located;
use crate::openrtb::BidRequest;
use crate::privacy::Permissions;
use crate::shell::exposure_store::Viewer;
use crate::shell::service::Service;
use crate::units::UnixMillis;

/// Who is behind a request, what is known of them, and where their device is.
#[derive(Debug)]
pub(in crate::shell::console) struct Known<'s> {
    pub(in crate::shell::console) permissions: Permissions,
    viewer: Viewer,
    profile: Profile,
    shown_to_user: Option<Exposures>,
    shown_to_household: Option<Exposures>,
    agent: Option<Agent>,
    pub(in crate::shell::console) located: Option<Located<'s>>,
    secure: bool,
    now: UnixMillis,
}

impl<'s> Known<'s> {
    /// All that a bid on `request` of `exchange` at `now` would go by.
    pub(in crate::shell::console) fn of(
        service: &Service,
        snapshot: &'s Snapshot,
        exchange: &Exchange,
        request: &BidRequest<'_>,
        now: UnixMillis,
    ) -> Self {
        let permissions = Permissions::of(request, &exchange.privacy);
        let user = service.user_keys.key(request, exchange.id, &permissions);
        let counts_households = snapshot.plan.counts_households;
        let household =
            counts_households.then(|| service.user_keys.household(request, &permissions)).flatten();
        let located = snapshot.plan.geo.as_ref().and_then(|geo| geo.locate(request, &permissions, now));
        let profile = user.as_ref().map(|key| service.audiences.profile(key, now)).unwrap_or_default();
        let agent = request.device.ua.map(|text| service.agents.read(text));
        let viewer = Viewer { user, household };
        let (shown_to_user, shown_to_household) = {
            let found = service.exposures.get(&viewer, &snapshot.plan.windows, now);
            let seen = found.seen();
            (seen.user.cloned(), seen.household.cloned())
        };
        let secure = service.composer.load().is_secure();
        Self { permissions, viewer, profile, shown_to_user, shown_to_household, agent, located, secure, now }
    }

    /// The same as a question.
    pub(in crate::shell::console) fn ask<'a, 'u>(
        &'u self,
        request: &'a BidRequest<'a>,
        exchange: &'a Exchange,
    ) -> Ask<'a, 'u>
    where
        's: 'a,
        'u: 'a,
    {
        Ask {
            request,
            exchange,
            permissions: &self.permissions,
            user: self.viewer.user,
            household: self.viewer.household,
            profile: &self.profile,
            seen: Seen { user: self.shown_to_user.as_ref(), household: self.shown_to_household.as_ref() },
            agent: self.agent,
            located: self.located.as_ref(),
            secure: self.secure,
            now: self.now,
        }
    }
}
