/** One answer of the gateway: OrderCloud's items, or the fallback and why. Never rejected. */
export interface Placement<Item = Record<string, unknown>> {
  items: Item[];
  /** OrderCloud's `Meta`; null where the fallback stands in. */
  meta: Record<string, unknown> | null;
  /** The `Personalization` header: placement, rule, segment, variant, decision, reason. */
  personalization: string;
  /** An Error (its `problem` is the gateway's problem JSON), or the problem of one placement. */
  error?: unknown;
}

export interface Asked<Item = Record<string, unknown>> {
  /** `page`, `pageSize`, and what the placement allows. */
  params?: Record<string, string>;
  /** Shown where there is no answer in time. */
  fallback?: Item[];
  /** Milliseconds. */
  timeout?: number;
}

/** What `POST /events` takes: VIEW, SEARCH, or a type of the shop's own. */
export interface ShopperEvent {
  type: string;
  /** The same event sent twice counts once; made up if absent. */
  id?: string;
  page?: string;
  referrer?: string;
  product_name?: string;
  product_type?: string;
  language?: string;
  currency?: string;
  ext?: Record<string, string | number | boolean>;
  [utm: `utm_${string}`]: string;
}

export interface Settings {
  /** The gateway; by default where this module came from. */
  url?: string;
  /** The shopper's OrderCloud token, or what gives it. */
  token?: string | (() => string | Promise<string>);
  /** CDP's browser id, if the page knows it. */
  browserId?: string;
  /** The header by which the shopper agrees, where the gateway asks for one. */
  consent?: { header: string; value: string };
  /** Milliseconds that any call may take; 2000 by default. */
  timeout?: number;
}

export interface Client {
  /** What `?decision-preview=` of the page or its tab says, to be sent as `preview`; else null. */
  preview: string | null;
  /** One list. */
  placement<Item>(name: string, asked?: Asked<Item>): Promise<Placement<Item>>;
  /** Several lists in one round trip, by name. */
  placements<Item>(names: string[], asked?: Asked<Item>): Promise<Record<string, Placement<Item>>>;
  /** Report events; true once they are kept. Sent also while the page is left. */
  track(events: ShopperEvent | ShopperEvent[]): Promise<boolean>;
  /** Go on with the browser's id, and with another token if one is given; null if there is no id. */
  identify(token?: Settings["token"]): Promise<string | null>;
}

export declare function connect(settings?: Settings): Client;
