// The roots from which schema.mjs makes schemas. The types are those of packages, under their own licences.
import type { NativeResponse } from 'iab-native';
import type { BidResponse } from 'iab-openrtb/v26';

export type Answer = BidResponse;
export type NativeAd = NativeResponse;
