import { DOCKER_API_PERMISSIONS, endpointOf, ENDPOINTS, NEVER_ALLOWED } from "../../../hardening/docker-api/endpoints";
import { pathPattern } from "../../../hardening/docker-api/haproxy-config";
import { toJavaScript } from "../../../hardening/docker-api/json-grammar";
import {
  expandPermissions,
  permissionFaults,
  TECNATIVA_NAMES,
  TECNATIVA_NEVER,
  TRAEFIK,
} from "../../../hardening/docker-api/permissions";
import type { DockerApiPermission } from "../../../hardening/docker-api/endpoints";

const sample = (permission: DockerApiPermission): string =>
  permission.slice(permission.indexOf(" ") + 1).replace(/\{[a-z]+\}/, "thing");

describe("expandPermissions", () => {
  test("gives what is listed, sorted, each once", () => {
    expect(expandPermissions({ allow: ["HEAD /_ping", "GET /events", "GET /events"] })).toEqual([
      "GET /events",
      "HEAD /_ping",
    ]);
    expect(expandPermissions({})).toEqual([]);
  });

  test("without POST a section is read-only", () => {
    expect(expandPermissions({ presets: ["NETWORKS", "VOLUMES", "EXEC", "BUILD"] })).toEqual([
      "GET /exec/{id}/json",
      "GET /networks",
      "GET /networks/{id}",
      "GET /volumes",
      "GET /volumes/{name}",
    ]);
  });

  test("POST without an area grants nothing", () => {
    expect(expandPermissions({ presets: ["POST"] })).toEqual([]);
  });

  test("ALLOW_* grant without POST, and nothing more", () => {
    expect(expandPermissions({ presets: ["ALLOW_START", "ALLOW_STOP"] })).toEqual([
      "POST /containers/{id}/start",
      "POST /containers/{id}/stop",
    ]);
    expect(expandPermissions({ presets: ["ALLOW_RESTARTS"] })).toEqual([
      "POST /containers/{id}/kill",
      "POST /containers/{id}/restart",
      "POST /containers/{id}/stop",
    ]);
  });

  test("Helvetia's list gives what its worker needs and not what reads everything", () => {
    const granted = expandPermissions({
      presets: [
        "CONTAINERS",
        "POST",
        "BUILD",
        "IMAGES",
        "NETWORKS",
        "VOLUMES",
        "EXEC",
        "ALLOW_START",
        "ALLOW_STOP",
        "PING",
        "VERSION",
      ],
      allow: ["GET /containers/{id}/logs"],
    });
    for (const needed of [
      "POST /build",
      "POST /containers/create",
      "POST /containers/{id}/start",
      "POST /containers/{id}/stop",
      "DELETE /containers/{id}",
      "GET /containers/json",
      "GET /images/json",
      "POST /containers/{id}/exec",
      "POST /exec/{id}/start",
      "POST /networks/create",
      "POST /volumes/create",
      "GET /containers/{id}/logs",
      "HEAD /_ping",
    ] as const) {
      expect(granted).toContain(needed);
    }
    for (const never of [
      "POST /containers/{id}/attach",
      "POST /containers/prune",
      "POST /volumes/prune",
      "POST /images/load",
      "POST /images/{name}/push",
    ] as const) {
      expect(granted).not.toContain(never);
    }
  });

  test.each(TECNATIVA_NEVER)("refuses %s and says why", (name) => {
    const [fault] = permissionFaults({ presets: ["PING", name] });
    expect(fault).toMatchObject({ path: "presets[1]", given: name });
    expect(fault?.fix).toMatch(/^remove it: /);
    expect(() => expandPermissions({ presets: [name] })).toThrow(
      `presets[0]: given "${name}"; allowed: ALLOW_DELETE, `,
    );
  });

  test("an unknown name, a wrong method, a prefix and a forbidden path are faults with a fix", () => {
    expect(permissionFaults({ presets: ["LOGS"] })[0]?.fix).toBe("use one of the allowed names");
    expect(permissionFaults({ allow: ["GET /containers/create"] })).toEqual([
      {
        path: "allow[0]",
        given: "GET /containers/create",
        allowed: "POST /containers/create",
        fix: "use one of the methods that the path has",
      },
    ]);
    expect(permissionFaults({ allow: ["GET /containers"] })[0]?.fix).toMatch(
      /^write the path as the API reference does/,
    );
    expect(
      permissionFaults({ allow: ["GET /containers/{id}/archive", "POST /swarm/init", "GET /v1.41/secrets"] }).map(
        ({ fix }) => fix,
      ),
    ).toEqual([
      "remove it: it reads and writes any file of any container",
      "remove it: Swarm management is root on every node",
      "remove it: Swarm secrets belong to the operator",
    ]);
  });

  test("Traefik's list is what its Docker provider asks for", () => {
    expect(TRAEFIK).toEqual([
      "GET /_ping",
      "GET /containers/json",
      "GET /containers/{id}/json",
      "GET /events",
      "GET /version",
      "HEAD /_ping",
    ]);
    expect(expandPermissions({ allow: TRAEFIK })).toEqual(TRAEFIK);
  });
});

describe("the table of endpoints", () => {
  test("has no duplicates, and every never-allowed area has a Tecnativa name that is known", () => {
    expect(new Set(DOCKER_API_PERMISSIONS).size).toBe(ENDPOINTS.length);
    for (const area of NEVER_ALLOWED) if ("preset" in area) expect(TECNATIVA_NAMES).toContain(area.preset);
  });

  test("a request matches at most one row of its method, so it is judged as what it is", () => {
    for (const permission of DOCKER_API_PERMISSIONS) {
      const [method = ""] = permission.split(" ");
      const matches = DOCKER_API_PERMISSIONS.filter(
        (other) => other.startsWith(`${method} `) && toJavaScript(pathPattern(other)).test(sample(permission)),
      );
      expect(matches).toEqual([permission]);
    }
  });

  test("no permission's path reaches a never-allowed area", () => {
    for (const permission of DOCKER_API_PERMISSIONS) {
      const pattern = toJavaScript(pathPattern(permission));
      const [method = ""] = permission.split(" ");
      for (const { path } of NEVER_ALLOWED) {
        const target = path.replace(/\{[a-z]+\}/, "thing");
        // DELETE of an image called "thing/get" is what it says.
        if (method !== "DELETE")
          expect(`${permission} ${pattern.test(target)} ${pattern.test(`${target}/x`)}`).toBe(
            `${permission} false false`,
          );
      }
    }
  });

  test("whatever changes something is judged or has no body", () => {
    for (const permission of DOCKER_API_PERMISSIONS) {
      const { body } = endpointOf(permission);
      if (permission.startsWith("GET ") || permission.startsWith("HEAD ")) expect(body).toBe("none");
      else expect(body).not.toBe("none");
    }
  });
});
