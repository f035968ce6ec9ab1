// Writes fixtures/consent: strings made by the IAB's own encoders, and what a reader must find in them.
//
//     npm install && npm run generate
//
// The seed is fixed: the same packages write the same files. What must be found is what the packages'
// own decoders find, or, where they have none for a form, what was handed to the encoder.

import { mkdirSync, writeFileSync } from "node:fs";
import { GVL, PurposeRestriction, Segment, TCModel, TCString } from "@iabtcf/core";
import { GppModel } from "@iabgpp/cmpapi";
// Not exported: the form in which Canadian strings were written until the encoder was mended.
import { TcfCaV1CoreSegment } from "./node_modules/@iabgpp/cmpapi/lib/mjs/encoder/segment/TcfCaV1CoreSegment.js";
import { RangeEntry } from "./node_modules/@iabgpp/cmpapi/lib/mjs/encoder/datatype/RangeEntry.js";

const target = new URL("../../fixtures/consent/", import.meta.url);
const TAKEN = new Date("2025-11-20T10:11:12.300Z");

// mulberry32
let state = 20_260_301;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const chance = (p) => random() < p;
const upTo = (n) => Array.from({ length: n }, (_, at) => at + 1);
const some = (list, p) => list.filter(() => chance(p));

// "1-5,9"
function ranges(ids) {
  const out = [];
  for (const id of [...ids].sort((a, b) => a - b)) {
    const last = out.at(-1);
    if (last && last[1] + 1 === id) last[1] = id;
    else if (!last || last[1] !== id) out.push([id, id]);
  }
  return out.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(",");
}

function write(name, note, vectors) {
  const lines = vectors.map((vector) => JSON.stringify(vector)).join(",\n");
  const head = JSON.stringify(note);
  writeFileSync(new URL(name, target), `{"note": ${head},\n"vectors": [\n${lines}\n]}\n`);
  console.log(`${name}: ${vectors.length} vectors`);
}

// ---- TCF

const named = (count, more) =>
  Object.fromEntries(upTo(count).map((id) => [id, { id, name: `${id}`, description: "", illustrations: [], ...more }]));

/** A vendor list of `vendors`, each of which declares everything in every way. */
function vendorList(policyVersion, vendors) {
  const vendor = (id) => ({
    id,
    name: `${id}`,
    purposes: upTo(11),
    legIntPurposes: upTo(11).slice(1),
    flexiblePurposes: upTo(11).slice(1),
    specialPurposes: [],
    features: [],
    specialFeatures: [],
    policyUrl: "https://vendor.example",
  });
  return new GVL({
    gvlSpecificationVersion: 3,
    vendorListVersion: 300 + policyVersion,
    tcfPolicyVersion: policyVersion,
    lastUpdated: "2025-11-13T16:00:00Z",
    purposes: named(11),
    specialPurposes: named(3),
    features: named(3),
    specialFeatures: named(2),
    stacks: {},
    dataCategories: {},
    vendors: Object.fromEntries(vendors.map((id) => [id, vendor(id)])),
  });
}

/** Which vendors: dense lists become bit fields, runs and few become ranges. */
const shapes = {
  none: () => [],
  one: (highest) => [1 + below(highest)],
  highest: (highest) => [highest],
  dense: (highest) => some(upTo(highest), 0.5),
  all: (highest) => upTo(highest),
  runs: (highest) => {
    const from = 1 + below(Math.max(1, highest - 60));
    return [...upTo(Math.min(50, highest - from)).map((id) => from + id), 1, highest].filter((id) => id <= highest);
  },
  sparse: (highest) => some(upTo(highest), 0.01),
};

function restrict(model, highest, kinds) {
  for (const kind of kinds) {
    for (const purpose of some([2, 3, 4, 7, 9], 0.6)) {
      for (const id of pick([shapes.runs, shapes.sparse, shapes.one])(highest)) {
        model.publisherRestrictions.add(id, new PurposeRestriction(purpose, kind));
      }
    }
  }
}

function tcVector(note, { policy, highest, consent, interest, disclosed, purposes, kinds, taken, segments }) {
  const everyone = upTo(highest);
  const model = new TCModel(vendorList(policy, everyone));
  model.cmpId = 2 + below(400);
  model.cmpVersion = 1 + below(60);
  model.consentScreen = below(10);
  model.publisherCountryCode = pick(["FR", "DE", "PL", "AA"]);
  model.isServiceSpecific = true;
  model.useNonStandardTexts = chance(0.2);
  model.purposeOneTreatment = chance(0.2);
  model.purposeConsents.set(purposes ?? some(upTo(11), 0.8));
  model.purposeLegitimateInterests.set(some(upTo(11).slice(1), 0.7));
  model.specialFeatureOptins.set(some([1, 2], 0.5));
  model.vendorConsents.set(shapes[consent](highest));
  model.vendorLegitimateInterests.set(shapes[interest](highest));
  restrict(model, highest, kinds);
  model.created = TAKEN;
  model.lastUpdated = taken ?? TAKEN;
  let string = TCString.encode(model, { segments: [Segment.CORE] });
  const parts = segments ?? (disclosed ? ["disclosed", "publisher"] : ["publisher"]);
  for (const part of parts) {
    if (part === "disclosed") {
      // The encoder discloses the whole vendor list: another list, another segment.
      const shown = new TCModel(vendorList(policy, shapes[disclosed](highest)));
      string += "." + TCString.encode(shown, { segments: [Segment.VENDORS_DISCLOSED] });
    } else if (part === "allowed") {
      model.vendorsAllowed.set(shapes.runs(highest));
      string += "." + TCString.encode(model, { segments: [Segment.VENDORS_ALLOWED] });
    } else {
      model.publisherConsents.set(some(upTo(11), 0.5));
      model.numCustomPurposes = 3;
      model.publisherCustomConsents.set([2]);
      string += "." + TCString.encode(model, { segments: [Segment.PUBLISHER_TC] });
    }
  }
  return { note, string, want: tcFound(string, parts.includes("disclosed")) };
}

/** What the package's own decoder finds. */
function tcFound(string, disclosed) {
  const model = TCString.decode(string);
  const ids = (vector) => ranges([...vector].filter(([, on]) => on).map(([id]) => id));
  const restrictions = model.publisherRestrictions.getRestrictions().map((restriction) => ({
    purpose: restriction.purposeId,
    kind: restriction.restrictionType,
    vendors: ranges(model.publisherRestrictions.getVendors(restriction)),
  }));
  return {
    last_updated: model.lastUpdated.getTime(),
    policy_version: model.policyVersion,
    service_specific: model.isServiceSpecific,
    special_features: ids(model.specialFeatureOptins),
    consents: ids(model.purposeConsents),
    legitimate_interests: ids(model.purposeLegitimateInterests),
    purpose_one_treatment: model.purposeOneTreatment,
    publisher_country: model.publisherCountryCode,
    vendor_consents: ids(model.vendorConsents),
    vendor_legitimate_interests: ids(model.vendorLegitimateInterests),
    disclosed: disclosed ? ids(model.vendorsDisclosed) : null,
    restrictions,
  };
}

function tcVectors() {
  const vectors = [];
  const plain = { policy: 5, highest: 200, consent: "dense", interest: "dense", disclosed: "all", kinds: [] };
  for (const policy of [2, 4, 5]) {
    for (const disclosed of [null, "all", "dense", "runs", "one"]) {
      for (const consent of Object.keys(shapes)) {
        const note = `policy ${policy}, consent ${consent}, disclosed ${disclosed}`;
        const highest = pick([10, 45, 46, 150, 900]);
        vectors.push(tcVector(note, { ...plain, policy, disclosed, consent, interest: "dense", highest }));
      }
    }
  }
  for (const interest of Object.keys(shapes)) {
    vectors.push(tcVector(`interest ${interest}`, { ...plain, interest, highest: 700 }));
  }
  for (const kinds of [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]]) {
    for (let turn = 0; turn < 8; turn++) {
      const highest = pick([30, 120, 1_000]);
      const interest = pick(["dense", "all", "runs"]);
      vectors.push(tcVector(`restrictions ${kinds}`, { ...plain, consent: "all", interest, kinds, highest }));
    }
  }
  for (const segments of [
    [],
    ["disclosed"],
    ["publisher", "disclosed"],
    ["allowed"],
    ["disclosed", "allowed", "publisher"],
  ]) {
    vectors.push(tcVector(`segments ${segments}`, { ...plain, segments }));
  }
  for (const taken of [new Date("2026-02-28T23:59:59.900Z"), new Date("2026-03-01T00:00:00.000Z")]) {
    for (const disclosed of [null, "all"]) {
      const note = `taken ${taken.toISOString()}, disclosed ${disclosed}`;
      vectors.push(tcVector(note, { ...plain, policy: 4, consent: "all", disclosed, taken, purposes: upTo(11) }));
    }
  }
  for (const highest of [1, 2, 44, 45, 46, 4_096, 20_000]) {
    vectors.push(tcVector(`highest id ${highest}`, { ...plain, consent: "runs", interest: "highest", highest }));
  }
  return vectors;
}

// ---- GPP

const states = "usca usva usco usut usct usfl usmt usor ustx usde usia usne usnh usnj ustn usmn".split(" ");
const recent = "usmd usin usky usri".split(" ");
const usSections = Object.fromEntries(["usnat", ...states, ...recent].map((name, at) => [name, 7 + at]));
const withGpc = new Set("usnat usca usco usct usmt usor ustx usde usia usne usnh usnj ustn usmn usmd".split(" "));

/** Sets what is asked, anything for the rest, and tells what a reader must find. */
function setUs(model, name, asked) {
  const fields = Object.keys(model.hasSection(name) ? model.getSection(name) : template(name));
  const has = (field) => fields.includes(field);
  const set = (field, value) => model.setFieldValue(name, field, value);
  for (const field of fields) {
    if (/Notice$|Consents?$|OptionMode$/.test(field) && field !== "KnownChildSensitiveDataConsents") set(field, below(3));
  }
  if (asked.version) set("Version", asked.version);
  if (has("MspaCoveredTransaction")) set("MspaCoveredTransaction", 1 + below(2));
  if (has("SensitiveDataProcessing")) {
    const kinds = template(name).SensitiveDataProcessing.length;
    set("SensitiveDataProcessing", upTo(kinds).map(() => below(3)));
  }
  if (has("SensitiveDataConsentSegmentIncluded")) set("SensitiveDataConsentSegmentIncluded", chance(0.5));
  const found = { sale: asked.sale, sharing: 0, targeted: 0, children: [], service_provider: false, gpc: false };
  set("SaleOptOut", asked.sale);
  if (has("SharingOptOut")) set("SharingOptOut", (found.sharing = asked.sharing));
  if (has("TargetedAdvertisingOptOut")) set("TargetedAdvertisingOptOut", (found.targeted = asked.targeted));
  if (has("KnownChildSensitiveDataConsents")) {
    const usual = template(name).KnownChildSensitiveDataConsents;
    const kinds = asked.version === 1 ? 2 : Array.isArray(usual) ? usual.length : 1;
    found.children = upTo(kinds).map((kind) => (kind === asked.child?.kind ? asked.child.value : 0));
    const padded = asked.version === 1 ? [...found.children, 0] : found.children;
    set("KnownChildSensitiveDataConsents", Array.isArray(usual) ? padded : found.children[0]);
  }
  if (has("MspaServiceProviderMode")) {
    set("MspaServiceProviderMode", asked.mspa);
    found.service_provider = asked.mspa === 1;
  }
  if (has("MspaMode")) {
    set("MspaMode", asked.mspa);
    found.service_provider = asked.mspa === 2;
  }
  if (withGpc.has(name)) {
    set("GpcSegmentIncluded", asked.gpc !== undefined);
    if (asked.gpc !== undefined) set("Gpc", (found.gpc = asked.gpc));
  }
  return found;
}

const templates = {};
function template(name) {
  if (!templates[name]) {
    const model = new GppModel();
    model.setFieldValue(name, "SaleOptOut", 0);
    const section = model.getSection(name);
    templates[name] = Object.assign({}, ...[section].flat(2));
  }
  return templates[name];
}

const anyUs = () => ({
  sale: below(3),
  sharing: below(3),
  targeted: below(3),
  mspa: below(3),
  gpc: pick([undefined, false, true]),
  child: chance(0.3) ? { kind: 1 + below(5), value: 1 + below(2) } : undefined,
});

function usVectors() {
  const vectors = [];
  const calm = { sale: 2, sharing: 2, targeted: 2, mspa: 0 };
  for (const [name, id] of Object.entries(usSections)) {
    for (const version of name === "usnat" ? [1, 2] : [undefined]) {
      const add = (note, asked) => {
        const model = new GppModel();
        const want = setUs(model, name, { ...asked, version });
        vectors.push({ note: `${name} ${note}`, string: model.encode(), us: { [id]: want } });
      };
      for (const value of [0, 1, 2]) {
        add(`sale ${value}`, { ...calm, sale: value });
        add(`sharing ${value}`, { ...calm, sharing: value });
        add(`targeted ${value}`, { ...calm, targeted: value });
        add(`mspa ${value}`, { ...calm, mspa: value });
        for (const kind of upTo(5)) if (value) add(`child ${kind} is ${value}`, { ...calm, child: { kind, value } });
      }
      for (const gpc of [undefined, false, true]) add(`gpc ${gpc}`, { ...calm, gpc });
      for (let turn = 0; turn < 4; turn++) add("anything", anyUs());
    }
  }
  for (const text of ["1YNN", "1YYN", "1---", "1NYY", "1-N-"]) {
    const model = new GppModel();
    model.setFieldValue("uspv1", "Version", 1);
    model.setFieldValue("uspv1", "Notice", text[1]);
    model.setFieldValue("uspv1", "OptOutSale", text[2]);
    model.setFieldValue("uspv1", "LspaCovered", text[3]);
    vectors.push({ note: `uspv1 ${text}`, string: model.encode(), us_privacy: text });
  }
  for (let turn = 0; turn < 60; turn++) {
    const model = new GppModel();
    const us = {};
    const names = some(Object.keys(usSections), pick([0.1, 0.3, 0.9]));
    for (const name of names) us[usSections[name]] = setUs(model, name, anyUs());
    if (names.length) vectors.push({ note: `sections ${names}`, string: model.encode(), us });
  }
  return vectors;
}

const bits = (ids, length) => upTo(length).map((id) => ids.includes(id));

function canadaVectors() {
  const vectors = [];
  for (const legacy of [false, true]) {
    for (const shape of Object.keys(shapes)) {
      for (const highest of [12, 60, 800]) {
        const express = shapes[shape](highest).sort((a, b) => a - b);
        const implied = [...new Set(pick([shapes.dense, shapes.runs, shapes.none])(highest))].sort((a, b) => a - b);
        const purposes = { express: some(upTo(10), 0.6), implied: some(upTo(10), 0.6) };
        const disclosed = legacy || chance(0.4) ? [] : shapes.runs(highest);
        const restrictions = chance(0.5)
          ? [[pick([2, 3]), below(3), shapes.runs(highest)], [7, below(3), shapes.sparse(highest)]].filter(([, , ids]) => ids.length)
          : [];
        const entries = restrictions.map(([purpose, kind, ids]) => new RangeEntry(purpose, kind, [...new Set(ids)].sort((a, b) => a - b)));
        const fields = {
          SpecialFeatureExpressConsent: bits([1], 12),
          PurposesExpressConsent: bits(purposes.express, 24),
          PurposesImpliedConsent: bits(purposes.implied, 24),
          VendorExpressConsent: [...new Set(express)],
          VendorImpliedConsent: implied,
          PubRestrictions: entries,
        };
        const model = new GppModel();
        for (const [field, value] of Object.entries(fields)) model.setFieldValue("tcfcav1", field, value);
        if (disclosed.length) model.setFieldValue("tcfcav1", "DisclosedVendors", [...new Set(disclosed)]);
        model.setFieldValue("tcfcav1", "Created", TAKEN);
        model.setFieldValue("tcfcav1", "LastUpdated", TAKEN);
        let string = model.encode();
        if (legacy) {
          const segment = new TcfCaV1CoreSegment();
          const old = segment.buildFields(true);
          for (const [field, value] of Object.entries(fields)) old.get(field).setValue(value);
          old.get("Created").setValue(TAKEN);
          old.get("LastUpdated").setValue(TAKEN);
          const core = segment.base64UrlEncoder.encode(segment.bitStringEncoder.encode(old, segment.getFieldNames()));
          string = string.replace(/~[^.]*/, `~${core}`);
        }
        vectors.push({
          note: `tcfcav1 ${shape} to ${highest}${legacy ? ", ranges as in a TC string" : ""}`,
          string,
          canada: {
            legacy,
            express: ranges(purposes.express),
            implied: ranges(purposes.implied),
            vendor_express: ranges(express),
            vendor_implied: ranges(implied),
            disclosed: disclosed.length ? ranges(disclosed) : null,
            restrictions: restrictions.map(([purpose, kind, ids]) => ({ purpose, kind, vendors: ranges(ids) })),
          },
        });
      }
    }
  }
  return vectors;
}

function europeVectors() {
  const vectors = [];
  for (let turn = 0; turn < 20; turn++) {
    const highest = pick([20, 90, 700]);
    const disclosed = pick(["all", "dense", "runs"]);
    const model = new GppModel();
    const us = chance(0.5) ? { 7: setUs(model, "usnat", anyUs()) } : undefined;
    model.setFieldValue("tcfeuv2", "PolicyVersion", pick([2, 4, 5]));
    model.setFieldValue("tcfeuv2", "CmpId", 31);
    model.setFieldValue("tcfeuv2", "CmpVersion", 2);
    model.setFieldValue("tcfeuv2", "VendorListVersion", 120);
    model.setFieldValue("tcfeuv2", "IsServiceSpecific", true);
    model.setFieldValue("tcfeuv2", "PurposeConsents", bits(some(upTo(11), 0.8), 24));
    model.setFieldValue("tcfeuv2", "PurposeLegitimateInterests", bits(some(upTo(11), 0.8), 24));
    model.setFieldValue("tcfeuv2", "VendorConsents", [...new Set(shapes[disclosed](highest))]);
    model.setFieldValue("tcfeuv2", "VendorLegitimateInterests", shapes.dense(highest));
    const restricted = [...new Set(shapes.runs(highest))].sort((a, b) => a - b);
    model.setFieldValue("tcfeuv2", "PublisherRestrictions", [new RangeEntry(pick([2, 3, 7]), below(3), restricted)]);
    model.setFieldValue("tcfeuv2", "VendorsDisclosed", [...new Set(shapes[disclosed](highest))]);
    model.setFieldValue("tcfeuv2", "LastUpdated", TAKEN);
    const string = model.encode();
    vectors.push({ note: "tcfeuv2", string, us, europe: tcFound(string.split("~")[1], true) });
  }
  return vectors;
}

mkdirSync(target, { recursive: true });
write("tcf.json", "TC strings of @iabtcf/core 1.5.6 and what it finds in them. Written by tests/consent/generate.mjs.", tcVectors());
write(
  "gpp.json",
  "GPP strings of @iabgpp/cmpapi 3.2.0 and what was handed to it. Written by tests/consent/generate.mjs.",
  [...usVectors(), ...canadaVectors(), ...europeVectors()],
);
