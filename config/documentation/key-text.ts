/** What people are told of a key, in docs/configuration.md and in their editor. Markdown. */
export interface KeyText {
  /** What the key takes and does. `{range}` and `{values}` stand for what the schema allows. */
  readonly allowed: string;
  /** A value, in YAML. */
  readonly example?: string;
  /** @default the schema's own default, "none" for a key that may be left out, or "required" */
  readonly default?: string;
}

/** The keys of one table, in its order. Lists and records are seen through: `routes.host`, `secrets.generated`. */
export type KeyTexts = Readonly<Record<string, KeyText>>;
