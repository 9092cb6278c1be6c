import type { KeyTexts } from "../key-text";
import { CERTIFICATES } from "./certificates";

export const STACK: KeyTexts = {
  environment: {
    default: "the stack's name if it is one of these, else `prod`",
    allowed: "{values}; a stack named `prod`, `production` or `live` is always `prod`",
    example: "staging",
  },
  name: {
    default: "`rampart-<stack>`",
    allowed: "2 to 41 lower-case letters, digits and hyphens; the prefix of networks and volumes",
    example: "acme-shop",
  },
  sample: {
    allowed:
      "`true`: the file is a sample; in prod its example hosts and addresses may stay until it is deployed " +
      "([decision 13](decisions/0013-refusals.md))",
    example: "true",
  },
  ...CERTIFICATES,
  acmeEmail: {
    default: "none; required with Let's Encrypt",
    allowed: "an e-mail address",
    example: "ops@your-company.com",
  },
  images: {
    default: "the pins of config/images.ts",
    allowed:
      "`traefik` (3.6 or newer, three numbers in the tag), `postgres` (16 or newer), " +
      "`redis` (7 or newer) and `haproxy` (2.6 or newer), all three on Alpine, `restic` (0.17 or newer), " +
      "`socat`, `prometheus` (2.42 or newer), `alertmanager` (0.25 or newer), `node-exporter` (1.5 or newer), " +
      "`postgres-exporter` (0.11 or newer): each `repo:tag@sha256:…`",
    example: '{ redis: "redis:7.4.11-alpine@sha256:<digest>" }',
  },
  registries: {
    default: "pulls without a login",
    allowed: "a login by registry, as images name the registry; Docker Hub is `docker.io`: [registries](registries.md)",
    example: "{ ghcr.io: { username: acme-deploy, password: { config: ghcrToken } } }",
  },
  "registries.username": { allowed: "the user that may pull", example: "acme-deploy" },
  "registries.password": {
    allowed: "`{ config: <key> }`, never the password itself",
    example: "{ config: ghcrToken }",
  },
  "registries.password.config": {
    allowed: "the flat key that holds the password or token, encrypted",
    example: "ghcrToken",
  },
  "registries.login": {
    default: "required without `username`",
    allowed: "`docker`: the login of whoever deploys, from `docker login` on that machine",
    example: "docker",
  },
  dockerSocketGroup: {
    default: "found automatically on a local engine",
    allowed: "the id of the group that owns the Docker socket, {range}",
    example: "999",
  },
  "network.pool": {
    default: "a /16 from the stack's name",
    allowed: "a private /16 other than 172.17.0.0/16",
    example: "10.201.0.0/16",
  },
  "disk.minFreeGiB": {
    allowed: "{range}: an update pulls no image while less is free on the engine's disk; 0 asks nothing",
    example: "5",
  },
  "disk.keepConfigurations": {
    allowed:
      "{range}: the images of so many configurations before the present one stay, for `rampart rollback`: " +
      "[disk space](operations.md#disk-space)",
    example: "5",
  },
  "disk.keepDays": {
    allowed: "{range}: for so many days `rampart clean` keeps an image that the stack no longer has",
    example: "30",
  },
};
