import { RegistryError, RegistryRepository } from "../../engine/registry-client";
import { digestOf, FakeRegistry, type FakeRegistryOptions } from "./fake-registry";

const LOGIN = { username: "ana", password: "correct horse" };
const TAGS = { "1.0": "a", "1.1": "b", "2.0": "c", "2.1": "d", "3.0": "e" };

let registry: FakeRegistry;
const start = async (options?: FakeRegistryOptions): Promise<string> => {
  registry = await FakeRegistry.start(options);
  registry.tags["shop/api"] = TAGS;
  return `${registry.host}/shop/api`;
};
afterEach(() => registry.stop());

test("a repository lists the tags of all its pages, and knows the digest of each", async () => {
  const repository = new RegistryRepository(await start());
  expect(await repository.tags()).toEqual(Object.keys(TAGS));
  expect(await repository.digest("2.0")).toBe(`sha256:${digestOf("c")}`);
  expect(registry.asked).toEqual([
    "GET /v2/shop/api/tags/list?n=1000",
    "GET /v2/shop/api/tags/list?from=2",
    "GET /v2/shop/api/tags/list?from=4",
    "HEAD /v2/shop/api/manifests/2.0",
  ]);
});

test("a digest that a registry does not say is computed", async () => {
  const repository = new RegistryRepository(await start({ tellsDigest: false }));
  expect(await repository.digest("2.0")).toBe(`sha256:${digestOf("c")}`);
});

test.each(["basic", "bearer"] as const)("a registry that asks for a login (%s) gets one", async (kind) => {
  const repository = new RegistryRepository(await start({ login: { kind, ...LOGIN } }), LOGIN);
  expect(await repository.digest("1.0")).toBe(`sha256:${digestOf("a")}`);
  await repository.tags();
  // The one answer is used for all that follows.
  expect(registry.asked.filter((line) => !line.includes(" Bearer") && !line.includes(" Basic"))).toHaveLength(1);
});

test("a refusal says who was asked for, and never the password", async () => {
  const name = await start({ login: { kind: "bearer", ...LOGIN } });
  const error = async (repository: RegistryRepository): Promise<string> =>
    repository.tags().then(
      () => "no error",
      (thrown: unknown) => (thrown instanceof RegistryError ? thrown.message : "another error"),
    );
  expect(await error(new RegistryRepository(name))).toBe(`${registry.host} refused ${name}, asked without a login`);
  const wrong = await error(new RegistryRepository(name, { username: "ana", password: "wrong horse" }));
  expect(wrong).toBe(`${registry.host} refused ${name}, asked as ana`);
  registry.status = 429;
  expect(await error(new RegistryRepository(name))).toBe(`${registry.host} limits how often it is asked`);
  registry.status = 500;
  expect(await error(new RegistryRepository(name))).toBe(`${registry.host} answered 500`);
});

test("what is not there is told, and so is a registry that does not answer", async () => {
  const name = await start();
  await expect(new RegistryRepository(name).digest("9.9")).rejects.toThrow("has no such image or tag");
  await registry.stop();
  await expect(new RegistryRepository(name).tags()).rejects.toThrow(/did not answer: .*ECONNREFUSED/);
  registry = await FakeRegistry.start();
});

describe("where a request goes", () => {
  const asked: string[] = [];
  const real = globalThis.fetch;
  beforeEach(async () => {
    await start();
    asked.length = 0;
    globalThis.fetch = ((url: string, init?: RequestInit) => {
      asked.push(`${url}${init?.headers && "authorization" in init.headers ? " with a login" : ""}`);
      return Promise.resolve(
        new Response('{"tags":[]}', { headers: { link: '<https://evil.example.net/v2/x/tags/list>; rel="next"' } }),
      );
    }) as typeof fetch;
  });
  afterEach(() => (globalThis.fetch = real));

  test.each([
    ["redis", "https://registry-1.docker.io/v2/library/redis/tags/list?n=1000"],
    ["docker.io/prom/prometheus", "https://registry-1.docker.io/v2/prom/prometheus/tags/list?n=1000"],
    ["ghcr.io/acme/shop/api", "https://ghcr.io/v2/acme/shop/api/tags/list?n=1000"],
    ["registry.acme.com:5000/api", "https://registry.acme.com:5000/v2/api/tags/list?n=1000"],
    ["localhost:5000/api", "http://localhost:5000/v2/api/tags/list?n=1000"],
  ])("%s is asked at %s, and another host's page never", async (name, url) => {
    await expect(new RegistryRepository(name, LOGIN).tags()).rejects.toThrow("leads to evil.example.net");
    expect(asked).toEqual([url]);
  });
});
