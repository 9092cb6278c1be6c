import { DOCKER_API_PERMISSIONS, ENDPOINTS, NEVER_ALLOWED } from "../../hardening/docker-api/endpoints";
import { judgeBody } from "../../hardening/docker-api/body-grammars";
import { consumerPrefix } from "../../hardening/docker-api/names";
import { foreignBodies, harmfulBodies } from "../../verify/docker-api/harmful";
import {
  NEVER_PERMITTED,
  NO_IMAGE,
  NOWHERE,
  permittedRequest,
  refusedRequests,
  requestFor,
  unpermitted,
} from "../../verify/docker-api/requests";
import { answersOf, bytesOf, escapedLine, verdictOf } from "../../verify/docker-api/wire";
import { judgeProxy, type Tried } from "../../verify/probes/docker-api";

const SURROUNDINGS = { volumes: ["rampart-dev-postgres-data"], networks: ["rampart-dev-internal"] };
const prefix = consumerPrefix("rampart", "worker");
const LIMITS = { volumePrefix: prefix, networkPrefix: prefix };

/** What an engine's decoder makes of a body: keys in any case, and the last of two that are the same. */
const imageOf = (body: string): unknown =>
  Object.entries(JSON.parse(body) as Record<string, unknown>).findLast(([key]) => key.toLowerCase() === "image")?.[1];

describe("requests that a proxy must refuse", () => {
  test("every endpoint without a permission, and every area that never has one, is asked for", () => {
    const requests = refusedRequests(["GET /_ping"], SURROUNDINGS).map(({ what }) => what);
    expect(requests).toEqual(expect.arrayContaining(DOCKER_API_PERMISSIONS.filter((one) => one !== "GET /_ping")));
    expect(requests).not.toContain("GET /_ping");
    for (const { path } of NEVER_ALLOWED)
      expect(NEVER_PERMITTED.map(({ target }) => target)).toContain(path.replace(/\{[a-z]+\}/, NOWHERE));
  });

  test("none that changes something names a thing that can be there", () => {
    const changing = refusedRequests([], SURROUNDINGS).filter(({ method }) => !/^(?:GET|HEAD)$/i.test(method));
    expect(changing.length).toBeGreaterThan(40);
    for (const { what, target, body = "" } of changing) {
      const named = [NOWHERE, NO_IMAGE, encodeURIComponent(NO_IMAGE)].some((name) => `${target}${body}`.includes(name));
      // Else the engine itself takes no such body, or has nothing that is so old, or does nothing without a body.
      const void_ =
        ["{", '{"Name":"host"}', '{"Name":"//"}'].includes(body) || /876000h|^\/(?:grpc|session)$/.test(target);
      expect({ what, harmless: named || void_ }).toEqual({ what, harmless: true });
    }
  });

  test("every body of a container names an image that no engine can have", () => {
    for (const [what, body] of [...harmfulBodies(NO_IMAGE), ...foreignBodies(NO_IMAGE, SURROUNDINGS)])
      expect({ what, image: imageOf(body) }).toEqual({ what, image: NO_IMAGE });
    expect(NO_IMAGE).toMatch(/[A-Z]/);
  });

  test("the grammar refuses each of those bodies, and takes the one without harm", () => {
    const bodies = [...harmfulBodies(NO_IMAGE), ...foreignBodies(NO_IMAGE, SURROUNDINGS)];
    expect(bodies.filter(([, body]) => judgeBody("container", Buffer.from(body).toString("latin1"), LIMITS))).toEqual(
      [],
    );
    expect(judgeBody("container", requestFor("POST /containers/create").body ?? "", LIMITS)).toBe(true);
  });

  test("bodies are sent only where the consumer may create containers, misuses only of what it may use", () => {
    const what = (...permissions: Parameters<typeof refusedRequests>[0][number][]): string[] =>
      refusedRequests(permissions, SURROUNDINGS).map((request) => request.what);
    expect(what()).not.toContain("a container with privileged");
    expect(what("POST /containers/create")).toEqual(
      expect.arrayContaining(["a container with privileged", "a container with the volume rampart-dev-postgres-data"]),
    );
    expect(what()).not.toContain("a privileged exec");
    expect(what("POST /containers/{id}/exec")).toContain("a privileged exec");
    expect(unpermitted(ENDPOINTS.map(({ permission }) => permission))).toEqual([]);
  });

  test("the control is the most harmless of what is permitted", () => {
    expect(permittedRequest(["POST /containers/{id}/stop", "GET /info", "HEAD /_ping"])?.what).toBe("HEAD /_ping");
    expect(permittedRequest(["POST /containers/{id}/stop", "GET /info"])?.what).toBe("GET /info");
    expect(permittedRequest(["POST /containers/{id}/stop"])?.target).toBe(`/containers/${NOWHERE}/stop`);
    expect(permittedRequest(["POST /images/prune"])).toBeUndefined();
  });
});

describe("requests on the wire", () => {
  test("a request is HTTP/1.1 with the length of its body in bytes", () => {
    expect(bytesOf({ what: "", method: "POST", target: "/x", body: "ſ" })).toBe(
      "POST /x HTTP/1.1\r\nHost: docker-api\r\nConnection: close\r\n" +
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\nſ",
    );
  });

  test("a line holds what a shell's printf gives back", () => {
    expect(escapedLine('{"a\\u0050": "ſ"}\r\n')).toBe('{"a\\0134u0050":\\0040"\\0305\\0277"}\\0015\\0012');
  });

  test("answers come in any order, or not at all", () => {
    expect(answersOf("2 c\n0 a b\nnoise\n", 3)).toEqual(["a b", "", "c"]);
  });

  test.each([
    ["GET", 'HTTP/1.1 403 Forbidden{"message":"rampart: docker API request refused for worker: GET /info"}', "refused"],
    ["GET", 'HTTP/1.1 400 Bad request{"message":"rampart: docker API request refused: malformed"}', "refused"],
    ["HEAD", "HTTP/1.1 403 Forbiddencontent-length: 9", "refused"],
    // The engine's own.
    ["POST", 'HTTP/1.1 403 Forbidden{"message":"operation is not permitted on predefined host network"}', "answered"],
    ["POST", 'HTTP/1.1 400 Bad Request{"message":"invalid JSON"}', "answered"],
    ["POST", 'HTTP/1.1 404 Not Found{"message":"No such image"}', "answered"],
    ["GET", 'HTTP/1.1 503 Service Unavailable{"message":"rampart: the Docker engine does not answer"}', "silent"],
    ["GET", "", "silent"],
  ])("%s %s: %s", (method, answer, kind) => {
    expect(verdictOf({ method }, answer).kind).toBe(kind);
  });
});

describe("the judgement of a proxy", () => {
  const tried = (what: string, verdict: Tried["verdict"]): Tried => ({
    request: { what, method: "GET", target: "/" },
    verdict,
  });
  const refused = tried("GET /info", { kind: "refused" });
  const control = tried("GET /_ping", { kind: "answered", status: 200 });

  test.each<[string, Tried[], Tried | undefined, string]>([
    ["all are refused", [refused], control, "pass p: 1 requests refused, GET /_ping passes"],
    [
      "one is let through",
      [refused, tried("POST /build", { kind: "answered", status: 404 })],
      control,
      "fail p: 1 requests are let through: POST /build (404)",
    ],
    [
      "the control is refused",
      [refused],
      tried("GET /_ping", { kind: "refused" }),
      "skip p: not told: GET /_ping fails, too",
    ],
    ["there is no control", [refused], undefined, "skip p: not told: the consumer may ask for nothing harmless"],
    [
      "one has no answer",
      [refused, tried("GET /x", { kind: "silent" })],
      control,
      "skip p: not told: no answer to GET /x",
    ],
  ])("%s", (_, some, one, told) => {
    const { status, target, evidence } = judgeProxy("p", some, one);
    expect(`${status} ${target}: ${evidence}`).toBe(told);
  });
});
