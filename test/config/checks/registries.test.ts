import { faultsOf, load } from "../support";

const TOKEN = "ghp_123456abcdef";
const token = { config: "registryToken" };
const options = { secretKeys: ["jwtSecret", "registryToken"] };
const of = (registries: unknown, more: Record<string, unknown> = { registryToken: TOKEN }) =>
  faultsOf({ registries, ...more }, options);

it("takes a user with a password from the configuration, and the login of whoever deploys", () => {
  const registries = {
    "registry.example.com": { username: "acme", password: token },
    "docker.io": { login: "docker" },
  };
  expect(load({ registries, registryToken: TOKEN }, options).registries).toEqual(registries);
});

it("refuses a password in clear text, without showing it", () => {
  const faults = of({ "registry.example.com": { username: "acme", password: TOKEN } }, {});
  expect(faults).toEqual([
    {
      path: 'rampart:registries["registry.example.com"].password',
      given: "a value of 16 characters (hidden)",
      allowed: "{ config: <key> } or { from: { … } }, never the password itself",
      fix: "write it as password: { config: <key> }, or in another of the allowed forms",
    },
  ]);
});

it("refuses a key that is not set, or not encrypted", () => {
  const registries = { "registry.example.com": { username: "acme", password: token } };
  const path = 'rampart:registries["registry.example.com"].password';
  expect(of(registries, {})).toMatchObject([{ path, given: "the key rampart:registryToken, which is not set" }]);
  expect(faultsOf({ registries, registryToken: TOKEN })).toMatchObject([
    { path, given: "rampart:registryToken in clear text" },
  ]);
});

it("refuses a registry that no image comes from", () => {
  expect(of({ "ghrc.io": { login: "docker" } }, {})).toEqual([
    {
      path: 'rampart:registries["ghrc.io"]',
      given: '"ghrc.io", from which the stack pulls no image',
      allowed: "registries that the stack pulls from: docker.io, registry.example.com",
      fix: "correct the name, or remove it",
    },
  ]);
});

test.each([
  ["https://ghcr.io", "a registry's host name in lower case, with its port where it has one"],
  ["ghcr.io/acme", "a registry's host name in lower case, with its port where it has one"],
  ["acme", "a registry's host name in lower case, with its port where it has one"],
  ["index.docker.io", "docker.io for Docker Hub"],
])("refuses %s as a registry's name", (name, allowed) => {
  expect(of({ [name]: { login: "docker" } }, {})).toMatchObject([{ allowed }]);
});
