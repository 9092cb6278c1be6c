import {
  beyondReach,
  describe as inWords,
  isGood,
  targets,
  waitForAnswer,
  type Answer,
} from "../../../commands/start/probe";
import { loadConfig } from "../../../config/load";
import { clock } from "../../../engine/until";

const IMAGE = `web:1@sha256:${"ab".repeat(32)}`;
const LOCAL = "unix:///var/run/docker.sock";
const config = (values: Record<string, unknown> = {}, routes: object[] = [{ host: "app.localhost" }]) =>
  loadConfig({
    stack: "dev",
    secretKeys: [],
    values: Object.fromEntries(
      Object.entries({ services: { web: { image: IMAGE, port: 8080, routes } }, ...values }).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
  });

describe("targets", () => {
  it("are the routes' URLs, asked for on loopback", () =>
    expect(
      targets(config({}, [{ host: "app.localhost" }, { host: "app.localhost", pathPrefix: "/api" }]), LOCAL),
    ).toEqual([
      {
        url: "https://app.localhost:8443",
        host: "app.localhost",
        path: "/",
        address: "127.0.0.1",
        port: 8443,
        trusted: false,
      },
      {
        url: "https://app.localhost:8443/api",
        host: "app.localhost",
        path: "/api",
        address: "127.0.0.1",
        port: 8443,
        trusted: false,
      },
    ]));

  const production = config({ environment: "prod", acmeEmail: "ops@example.com" }, [{ host: "app.example.com" }]);
  it("must be trusted where the certificate is one of Let's Encrypt's", () =>
    expect(targets(production, LOCAL)).toEqual([
      {
        url: "https://app.example.com",
        host: "app.example.com",
        path: "/",
        address: "127.0.0.1",
        port: 443,
        trusted: true,
      },
    ]));
  it("are on the engine's machine", () =>
    expect(targets(production, "ssh://me@server.example.com").map(({ address }) => address)).toEqual([
      "server.example.com",
    ]));

  it("are out of reach only on another machine's loopback", () =>
    expect([
      beyondReach(config(), LOCAL),
      beyondReach(config(), "tcp://127.0.0.1:2375"),
      beyondReach(config(), "ssh://me@server"),
      beyondReach(production, "ssh://me@server"),
    ]).toEqual([false, false, true, false]));
});

describe("an answer", () => {
  it.each<[Answer, boolean, string]>([
    [{ status: 200, matched: true }, true, "status 200"],
    [{ status: 401, matched: true }, true, "status 401"],
    [{ status: 404, matched: true }, true, "status 404"],
    [{ status: 404, matched: false }, false, "status 404 from the edge, which knows no such route"],
    [{ status: 502, matched: true }, false, "status 502"],
    [{ error: "connect ECONNREFUSED 127.0.0.1:8443" }, false, "connect ECONNREFUSED 127.0.0.1:8443"],
  ])("%j is judged by its status and by who gave it", (answer, good, words) =>
    expect([isGood(answer), inWords(answer)]).toEqual([good, words]),
  );
});

describe("waitForAnswer", () => {
  const [target] = targets(config(), LOCAL);
  if (target === undefined) throw new Error("no target");

  let now: number;
  beforeEach(() => {
    now = 0;
    jest.spyOn(clock, "now").mockImplementation(() => now);
    jest.spyOn(clock, "sleep").mockImplementation((milliseconds) => {
      now += milliseconds;
      return Promise.resolve();
    });
  });
  afterEach(() => jest.restoreAllMocks());

  it("asks until the application answers", async () => {
    const answers: Answer[] = [{ error: "refused" }, { status: 502, matched: true }, { status: 200, matched: true }];
    expect(
      await waitForAnswer(target, 10, () => Promise.resolve(answers.shift() ?? { error: "asked too often" })),
    ).toEqual({ status: 200, matched: true });
  });

  it("gives up in time with the last answer", async () => {
    expect(await waitForAnswer(target, 0.5, () => Promise.resolve({ error: "refused" }))).toEqual({ error: "refused" });
    expect(now).toBe(500);
  });
});
