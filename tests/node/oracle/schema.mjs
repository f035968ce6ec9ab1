// JSON Schemas of a bid response (OpenRTB 2.6) and of a native ad (Native 1.2), made of the types that npm's
// `iab-openrtb` and `iab-native` publish: a field that they do not know is a fault.
//
// Types of TypeScript say less than the specification's tables. What is added is listed in `RULES`; where they say
// something else than the specification, in `EXCEPTIONS`.
import path from 'node:path';
import Ajv from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

const here = import.meta.dirname;
const generator = createGenerator({
  path: path.join(here, 'types.ts'),
  tsconfig: path.join(here, 'tsconfig.json'),
  topRef: false,
  additionalProperties: false,
});

/** Every schema below and including `schema`. */
function* within(schema) {
  if (schema === null || typeof schema !== 'object') return;
  yield schema;
  for (const inner of Object.values(schema)) yield* within(inner);
}

/** The schema of the property `name`, wherever it stands. */
const ofProperty = (schema, name) => [...within(schema)].map((inner) => inner.properties?.[name]).filter(Boolean);

/** `bid.ext.dsa`: whose ad it is (DSA Transparency 1.0, "Bid Response"). */
const DSA = {
  type: 'object',
  properties: {
    behalf: { type: 'string', minLength: 1, maxLength: 100 },
    paid: { type: 'string', minLength: 1, maxLength: 100 },
    adrender: { type: 'integer', enum: [0, 1] },
    transparency: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: {
          domain: { type: 'string', pattern: '^[^/:@ ]+$' },
          dsaparams: { type: 'array', minItems: 1, uniqueItems: true, items: { type: 'integer', minimum: 1, maximum: 3 } },
        },
        required: ['domain', 'dsaparams'],
        additionalProperties: false,
      },
    },
  },
  required: ['behalf', 'paid', 'adrender'],
  additionalProperties: false,
};

/** What the specification's tables say and the types cannot. */
const RULES = {
  'only a price has a fraction': (schema) => {
    for (const inner of within(schema)) {
      if (inner.type === 'number') inner.type = 'integer';
    }
    for (const price of ofProperty(schema, 'price')) price.type = 'number';
  },
  'a list that is there is not empty': (schema) => {
    for (const inner of within(schema)) {
      if (inner.type === 'array') inner.minItems = 1;
    }
  },
  'a text that is there is not empty': (schema) => {
    for (const inner of within(schema)) {
      if (inner.type === 'string') inner.minLength = 1;
    }
  },
  'a bid response bids (OpenRTB 2.6, 4.2.1)': (schema) => {
    if (schema.properties.seatbid) schema.required.push('seatbid');
  },
  'a currency is a code of ISO 4217 (OpenRTB 2.6, 4.2.1)': (schema) => {
    for (const cur of ofProperty(schema, 'cur')) cur.pattern = '^[A-Z]{3}$';
  },
  'a native ad has assets (Native 1.2, 5.1)': (schema) => {
    if (schema.properties.assets) schema.required.push('assets');
  },
  'an asset is one of title, image, video and data, and has an id (Native 1.2, 5.2)': (schema) => {
    for (const { items } of ofProperty(schema, 'assets')) {
      items.required = ['id'];
      items.oneOf = ['title', 'img', 'video', 'data'].map((name) => ({ required: [name] }));
    }
  },
  'a tracker that is a picture has an address (Native 1.2, 5.8)': (schema) => {
    for (const { items } of ofProperty(schema, 'eventtrackers')) items.required = ['event', 'method', 'url'];
  },
  'the language of a creative is told once (OpenRTB 2.6, 4.2.3, `langb`)': (schema) => {
    for (const inner of within(schema)) {
      if (inner.properties?.langb) inner.not = { required: ['language', 'langb'] };
    }
  },
};

/** Where the types contradict the specification, which is followed then. */
const EXCEPTIONS = {
  'creative attributes go on to 23, and from 500 on they are the exchange\'s own (AdCOM 1.0, List: Creative Attributes)':
    (schema) => {
      const known = { anyOf: [{ minimum: 1, maximum: 23 }, { minimum: 500 }] };
      for (const attr of ofProperty(schema, 'attr')) attr.items = { type: 'integer', ...known };
    },
  'of the extensions, which the types leave open, we write that of DSA Transparency 1.0, and to a bid alone': (schema) => {
    const open = [...within(schema)].filter((inner) => inner.properties?.ext);
    for (const { properties } of open) {
      const known = properties.impid ? { dsa: DSA } : {};
      properties.ext = { type: 'object', properties: known, required: Object.keys(known), additionalProperties: false };
    }
  },
};

function compiled(type) {
  const schema = generator.createSchema(type);
  for (const change of [...Object.values(RULES), ...Object.values(EXCEPTIONS)]) change(schema);
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
  return (value) => {
    if (validate(value)) return [];
    const told = ({ instancePath, message, params }) =>
      `${type}${instancePath.replace(/\/\d+(?=\/|$)/g, '[]')} ${message} ${params.additionalProperty ?? params.allowedValue ?? ''}`.trim();
    return [...new Set(validate.errors.map(told))];
  };
}

/** What is wrong with a bid response, by the schema. */
export const answerFaults = compiled('Answer');
/** What is wrong with a native ad, by the schema. */
export const nativeFaults = compiled('NativeAd');
