/**
 * Requests that a proxy of the Docker API has to refuse. Each is harmless also where the proxy lets it through: it
 * names what cannot exist, or has a form that the engine itself refuses, or reads what nobody keeps.
 */
import { ENDPOINTS, NEVER_ALLOWED, type DockerApiPermission } from "../../hardening/docker-api/endpoints";
import { foreignBodies, harmfulBodies } from "./harmful";

export interface ApiRequest {
  /** For a person: `GET /info`. */
  readonly what: string;
  readonly method: string;
  /** With the query. */
  readonly target: string;
  /** JSON. @default none */
  readonly body?: string;
  /** @default none */
  readonly headers?: Readonly<Record<string, string>>;
}

/** No id: those have hexadecimal digits only. Nobody gives such a name. */
export const NOWHERE = "rampart-verify-no-such-thing";
/** No image can have this name, which has capitals. */
export const NO_IMAGE = "RAMPART-VERIFY/NO-SUCH-IMAGE";
/** The engine stops here, and has changed nothing. */
const NO_JSON = "{";

const filters = (value: object): string => `filters=${encodeURIComponent(JSON.stringify(value))}`;
const NONE_LABELLED = filters({ label: { [`io.rampart.verify=${NOWHERE}`]: true } });

/** What makes a request harmless that names no thing. */
const HARMLESS: Readonly<Partial<Record<DockerApiPermission, Pick<ApiRequest, "body"> & { readonly query?: string }>>> =
  {
    "GET /events": { query: "since=1&until=1" },
    "GET /images/search": { query: "term=http%3A%2F%2Fnowhere" },
    "POST /build": { query: `dockerfile=${NOWHERE}` },
    "POST /build/prune": { query: filters({ until: { "876000h": true } }) },
    "POST /containers/create": { body: `{"Image":"${NO_IMAGE}"}` },
    "POST /containers/prune": { query: NONE_LABELLED },
    "POST /images/create": { query: `fromImage=${NO_IMAGE}` },
    "POST /images/load": { body: NO_JSON },
    "POST /images/prune": { query: NONE_LABELLED },
    "POST /networks/create": { body: '{"Name":"host"}' },
    "POST /networks/prune": { query: NONE_LABELLED },
    "POST /volumes/create": { body: '{"Name":"//"}' },
    "POST /volumes/prune": { query: NONE_LABELLED },
  };

/** A request for an endpoint, of something that is not there. */
export function requestFor(permission: DockerApiPermission): ApiRequest {
  const [method = "", path = ""] = permission.split(" ");
  const { query, body } = HARMLESS[permission] ?? {};
  const target = path.replaceAll(/\{[a-z]+\}/g, NOWHERE) + (query === undefined ? "" : `?${query}`);
  return { what: permission, method, target, ...(body === undefined ? {} : { body }) };
}

/** Endpoints that a consumer has no permission for. */
export const unpermitted = (permissions: readonly DockerApiPermission[]): readonly ApiRequest[] =>
  ENDPOINTS.map(({ permission }) => permission)
    .filter((permission) => !permissions.includes(permission))
    .map(requestFor);

const plain = (method: string, target: string, body?: string): ApiRequest => ({
  what: `${method} ${target}`,
  method,
  target,
  ...(body === undefined ? {} : { body }),
});

/** By the path of NEVER_ALLOWED, what it is asked for beside a GET. */
const ALSO_NEVER: Readonly<Partial<Record<(typeof NEVER_ALLOWED)[number]["path"], readonly ApiRequest[]>>> = {
  "/auth": [plain("POST", "/auth", NO_JSON)],
  "/commit": [plain("POST", `/commit?container=${NOWHERE}`)],
  "/configs": [plain("POST", "/configs/create", NO_JSON)],
  "/distribution": [plain("GET", `/distribution/${NO_IMAGE}/json`)],
  "/grpc": [plain("POST", "/grpc")],
  "/plugins": [plain("POST", `/plugins/pull?remote=${NO_IMAGE}`, NO_JSON)],
  "/secrets": [plain("POST", "/secrets/create", NO_JSON)],
  "/services": [plain("POST", "/services/create", NO_JSON)],
  "/session": [plain("POST", "/session")],
  "/swarm": [plain("POST", "/swarm/init", NO_JSON)],
  "/containers/{id}/archive": [
    plain("GET", `/containers/${NOWHERE}/archive?path=/`),
    plain("PUT", `/containers/${NOWHERE}/archive?path=/`),
  ],
};

/** What no consumer may ever ask for. */
export const NEVER_PERMITTED: readonly ApiRequest[] = NEVER_ALLOWED.flatMap(({ path }) => [
  plain("GET", path.replaceAll(/\{[a-z]+\}/g, NOWHERE)),
  ...(ALSO_NEVER[path] ?? []),
]);

/** Paths that the proxy and the engine could read in two ways. All only read. */
export const PATH_FORMS: readonly ApiRequest[] = [
  plain("GET", "/containers/%2e%2e/json"),
  plain("GET", "/containers/../info"),
  plain("GET", "/_ping/../info"),
  plain("GET", "/v1.41/./info"),
  plain("GET", "/%69nfo"),
  plain("GET", "//info"),
  // Below API 1.24 the engine takes settings where nobody judges them.
  plain("GET", "/v1.20/containers/json"),
];

/** Forms of a request that HTTP libraries do not send. All only read. */
export const RAW_FORMS: readonly ApiRequest[] = [
  { what: "an absolute URI", method: "GET", target: "http://docker-api/info" },
  { what: "a method in lower case", method: "get", target: "/info" },
  {
    what: "an upgrade to HTTP/2",
    method: "GET",
    target: "/_ping",
    headers: { Connection: "Upgrade", Upgrade: "h2c" },
  },
];

const json = (what: string, method: string, target: string, body?: string): ApiRequest => ({
  ...plain(method, target, body),
  what,
});

/** By what a consumer may do, what it must not do with it. */
const MISUSES: readonly { readonly of: DockerApiPermission; readonly request: ApiRequest }[] = [
  {
    of: "POST /containers/{id}/exec",
    request: json("a privileged exec", "POST", `/containers/${NOWHERE}/exec`, '{"Privileged":true,"Cmd":["true"]}'),
  },
  {
    of: "POST /containers/{id}/update",
    request: json(
      "devices by an update",
      "POST",
      `/containers/${NOWHERE}/update`,
      '{"DeviceCgroupRules":["a *:* rwm"]}',
    ),
  },
  {
    of: "POST /containers/{id}/start",
    request: json(
      "privileged at the start",
      "POST",
      `/v1.24/containers/${NOWHERE}/start`,
      '{"HostConfig":{"Privileged":true}}',
    ),
  },
  {
    of: "POST /networks/create",
    request: json("the host's network, created", "POST", "/networks/create", '{"Name":"host","Driver":"host"}'),
  },
  {
    of: "POST /networks/{id}/connect",
    request: json("a network of others, joined", "POST", `/networks/${NOWHERE}/connect`, `{"Container":"${NOWHERE}"}`),
  },
  // The engine knows no such option, and makes no volume with it.
  {
    of: "POST /volumes/create",
    request: json(
      "a volume that binds the host, created",
      "POST",
      "/volumes/create",
      `{"Name":"//","DriverOpts":{"type":"none","o":"bind","device":"/","${NOWHERE}":"1"}}`,
    ),
  },
  {
    of: "DELETE /volumes/{name}",
    request: json("a volume of others, deleted", "DELETE", `/volumes/${NOWHERE}`),
  },
  {
    of: "DELETE /networks/{id}",
    request: json("a network of others, deleted", "DELETE", `/networks/${NOWHERE}`),
  },
  {
    of: "POST /images/create",
    request: json("an image from a URL", "POST", "/images/create?fromSrc=http%3A%2F%2F%5B"),
  },
];

export interface Surroundings {
  /** Names of the stack's own volumes and networks on the engine. */
  readonly volumes: readonly string[];
  readonly networks: readonly string[];
}

/** Everything that a proxy has to refuse its consumer. */
export function refusedRequests(
  permissions: readonly DockerApiPermission[],
  surroundings: Surroundings,
): readonly ApiRequest[] {
  const creates = permissions.includes("POST /containers/create")
    ? [...harmfulBodies(NO_IMAGE), ...foreignBodies(NO_IMAGE, surroundings)]
    : [];
  return [
    ...unpermitted(permissions),
    ...NEVER_PERMITTED,
    ...PATH_FORMS,
    ...RAW_FORMS,
    ...MISUSES.filter(({ of }) => permissions.includes(of)).map(({ request }) => request),
    ...creates.map(([what, body]) => json(`a container with ${what}`, "POST", "/containers/create", body)),
  ];
}

/** What the consumer may ask for, that changes nothing: the control. Undefined where it may nothing of the kind. */
export function permittedRequest(permissions: readonly DockerApiPermission[]): ApiRequest | undefined {
  const named = (permission: DockerApiPermission): boolean => permission.includes("{");
  const first =
    permissions.find((permission) => permission.endsWith("/_ping")) ??
    permissions.find((permission) => permission.startsWith("GET ")) ??
    permissions.find((permission) => permission === "POST /containers/create" || named(permission));
  return first === undefined ? undefined : requestFor(first);
}
