import { commandOf, installHint, sourceText } from "../../../config/sources/arguments";
import type { SecretFrom } from "../../../config/schema/secret-source";

const SOURCES: readonly (readonly [string, SecretFrom, readonly string[], string])[] = [
  [
    "SOPS",
    { sops: "secrets/prod.enc.yaml", key: "stripe.keys.0" },
    ["sops", "--decrypt", "--extract", '["stripe"]["keys"][0]', "secrets/prod.enc.yaml"],
    "stripe.keys.0 of secrets/prod.enc.yaml, by sops",
  ],
  [
    "Vault",
    { vault: "secret/shop", field: "stripe_key" },
    ["vault", "kv", "get", "-field=stripe_key", "secret/shop"],
    "stripe_key of secret/shop, by vault",
  ],
  [
    "Infisical",
    { infisical: "STRIPE_KEY", environment: "prod", path: "/api", project: "a1-b2" },
    [
      "infisical",
      "secrets",
      "get",
      "STRIPE_KEY",
      "--plain",
      "--silent",
      "--env=prod",
      "--path=/api",
      "--projectId=a1-b2",
    ],
    "STRIPE_KEY of prod /api, by infisical",
  ],
  [
    "Infisical at the top",
    { infisical: "STRIPE_KEY", environment: "prod", path: "/" },
    ["infisical", "secrets", "get", "STRIPE_KEY", "--plain", "--silent", "--env=prod", "--path=/"],
    "STRIPE_KEY of prod, by infisical",
  ],
  [
    "1Password",
    { op: "op://Prod vault/Stripe/key" },
    ["op", "read", "--no-newline", "op://Prod vault/Stripe/key"],
    "op://Prod vault/Stripe/key, by op",
  ],
  [
    "a command",
    { command: ["pass", "show", "shop/stripe key"] },
    ["pass", "show", "shop/stripe key"],
    'what `pass show "shop/stripe key"` prints',
  ],
];

test.each(SOURCES)("%s is asked by a list of words, and shown in a few", (_name, source, words, text) => {
  expect(commandOf(source)).toEqual(words);
  expect(sourceText(source)).toBe(text);
});

test("each program has a place to come from", () => {
  const hints = SOURCES.map(([, source]) => installHint(source));
  expect(hints.filter((hint) => hint.includes("https://"))).toHaveLength(5);
  expect(hints.at(-1)).toBe("install the program, or correct its name");
});
