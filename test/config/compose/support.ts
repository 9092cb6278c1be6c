/** Compose files of public projects' shapes, and what is made of them. Every secret in them holds the text Zq7. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Environment } from "../../../config/environment";
import type { Fault } from "../../../config/faults";
import { convert, type Conversion } from "../../../config/compose/convert";
import { readDotenv } from "../../../config/compose/dotenv";
import { loadFiles } from "../../../config/compose/load";
import { openFaults } from "../../../config/compose/open";
import type { EngineFacts } from "../../../config/compose/project";
import { writeStackFile } from "../../../config/compose/write";

const CORPUS = join(__dirname, "corpus");
export const CORPUS_FILES = readdirSync(CORPUS)
  .map((name) => name.replace(/\.yml$/, ""))
  .sort();

const sourceOf = (name: string): string => readFileSync(join(CORPUS, `${name}.yml`), "utf8");

export const usesProfiles = (name: string): boolean => sourceOf(name).includes("profiles:");

/** What lies beside a compose file, by its path below /app. */
export type Beside = Readonly<Record<string, string>>;

/** What lies beside some files of the corpus. */
export const BESIDE: Readonly<Record<string, Beside>> = {
  mastodon: {
    ".env": "DB_PASS=mastZq7mast\n",
    ".env.production":
      "LOCAL_DOMAIN=social.acme.com\nSMTP_SERVER=smtp.mailgun.org\nSMTP_PASSWORD='smtpZq7$mtp'\n" +
      'OTP_SECRET="otpZq7otpZq7otpZq7otpZq7otpZq7otpZq7"\n',
  },
  immich: {
    ".env": "UPLOAD_LOCATION=./library\nDB_DATA_LOCATION=./postgres\nDB_PASSWORD=immZq7imm\nIMMICH_VERSION=v1.135.3\n",
  },
  authentik: { ".env": "PG_PASS=pgpZq7pgpZq7\nAUTHENTIK_SECRET_KEY=keyZq7keyZq7keyZq7keyZq7keyZq7keyZq7key\n" },
  vaultwarden: { Caddyfile: "{\n  email {$EMAIL}\n}\nvault.acme.com {\n  reverse_proxy vaultwarden:80\n}\n" },
  "node-react-nginx": {
    "nginx.conf":
      "http {\n  client_max_body_size 20m;\n  upstream api { server api:4000; }\n  server {\n" +
      "    listen 80; server_name shop.acme.com;\n    location / { proxy_pass http://web:3000; }\n" +
      "    location /api/ { proxy_pass http://api/; }\n    location ~ \\.php$ { return 404; }\n  }\n}\n",
  },
  rails: {
    Dockerfile:
      "FROM ruby:3.4 AS build\nRUN true\nFROM build AS production\nUSER ruby\n" +
      'ENTRYPOINT ["/app/bin/entrypoint"]\nEXPOSE 8000\nCMD ["rails", "s"]\n',
    ".env": "POSTGRES_PASSWORD=railsZq7rails\n",
  },
  strapi: { ".env": "", Dockerfile: 'FROM node:22-alpine\nUSER node\nEXPOSE 1337\nCMD ["npm", "run", "start"]\n' },
};

export interface ConvertedArgs {
  readonly source: string;
  readonly environment?: Environment;
  readonly beside?: Beside;
  readonly profiles?: readonly string[];
  readonly images?: ReadonlyMap<string, EngineFacts>;
}

export interface Converted extends Conversion {
  /** The written file. */
  readonly text: string;
  /** What is in the written file, by keys without a namespace. */
  readonly written: Readonly<Record<string, unknown>>;
  /** Everything that a person gets to see, the file included. */
  readonly everything: string;
  readonly open: readonly Fault[];
}

export function converted({
  source,
  environment = "dev",
  beside = {},
  profiles = [],
  images = new Map(),
}: ConvertedArgs): Converted {
  const files: Beside = { ...beside, "docker-compose.yml": source };
  const read = (path: string): string | undefined => files[path.replace("/app/", "")];
  const variables = new Map(readDotenv(beside[".env"] ?? "").map(({ name, value }) => [name, value]));
  const conversion = convert({
    model: loadFiles(["/app/docker-compose.yml"], read),
    environment,
    images,
    lookUp: (name) => variables.get(name),
    files: { read, list: () => [] },
    profiles,
    project: "app",
  });
  const text = writeStackFile({ header: ["A header."], values: conversion.values, comments: conversion.comments });
  const config = (parse(text) as { config: Record<string, unknown> }).config;
  const written = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace(/^rampart:/, ""), value]),
  );
  const open = openFaults({
    stack: environment,
    values: written,
    secretKeys: conversion.secrets.map(({ key }) => key),
  });
  return { ...conversion, text, written, open, everything: JSON.stringify([text, conversion, open]) };
}

export const corpus = (name: string, environment: Environment = "dev", more: Partial<ConvertedArgs> = {}): Converted =>
  converted({
    source: sourceOf(name),
    environment,
    beside: BESIDE[name] ?? {},
    ...more,
  });

/** A value that a person might write at a place. */
export function filled(value: unknown, path: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map((one: unknown, index) => filled(one, [...path, String(index)]));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, [...path, key])]));
  if (typeof value !== "string" || !value.includes("FILL IN: ")) return value;
  switch (path.at(-1)) {
    case "image":
      return `registry.acme.com/filled:1.0.0@sha256:${"0123456789abcdef".repeat(4)}`;
    case "port":
      return 8080;
    case "host":
      return `${path.join("-").replace(/[^a-z0-9-]/g, "")}.acme.com`;
    case "user":
      return "1001:1001";
    case "acmeEmail":
      return "ops@acme.com";
    default:
      return path.includes("dockerApi") ? "GET /version" : value.replace(/FILL IN: [^\n]*/, "https");
  }
}

/** What is still refused once every place is filled in. */
export const openWhenFilled = ({ written, secrets }: Converted, environment: Environment): readonly Fault[] =>
  openFaults({
    stack: environment,
    values: filled(written) as Record<string, unknown>,
    secretKeys: secrets.map(({ key }) => key),
  });

/** A service of the written file. */
export const serviceOf = ({ written }: Converted, name: string): Record<string, unknown> =>
  (written["services"] as Record<string, Record<string, unknown>>)[name] ?? {};
