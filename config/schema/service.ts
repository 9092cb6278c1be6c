import { z } from "zod";
import type { SchemaContext } from "../environment";
import type { FaultParams } from "../faults";
import { EGRESS_ENTRY, egressTarget } from "../../hardening/egress/names";
import { dataUse } from "./data-use";
import { dockerApi } from "./docker-api";
import { checkedString, commandLine, image, matching, toIssue, unique } from "./fields";
import { container, environmentVariables } from "./program";
import { route } from "./route";

const servicePort = z.int().refine((value) => value >= 1024 && value <= 65_535, {
  params: {
    allowed: "1024 to 65535; a program without capabilities listens on no lower port",
    fix: "have the program listen on 1024 or above; the edge serves 443",
  },
});

/** A wildcard would need a resolver of the service's own, which leads every name somewhere. */
const egressEntry = checkedString((value) =>
  EGRESS_ENTRY.test(value) && egressTarget(value).port <= 65_535
    ? undefined
    : {
        allowed: "a full name in lower case, such as api.stripe.com or api.stripe.com:8443; no address, no wildcard",
        fix: "list each name that the program connects to; without a port 443 is meant",
      },
);

const healthPath = matching(
  /^\/[A-Za-z0-9\-._~/?&=%]*$/,
  "a path that starts with /, of letters, digits and - . _ ~ / ? & = %",
  "give only the path, such as /healthz",
);

const percentage = z.int().refine((value) => value >= 0 && value <= 100, {
  params: {
    allowed: "a whole number from 0 to 100: percent of the requests",
    fix: "write 10 for one request of ten; 0 has the canary run without requests",
  },
});

/** What differs from the service; everything else is the service's. */
const canary = (context: SchemaContext) =>
  z.strictObject({
    image,
    /** Percent of the requests. */
    weight: percentage,
    /** Variables beside the service's own, or in their place. */
    environment: environmentVariables(context).default({}),
    /** Containers of the canary, each with the service's limits. @default 1 */
    replicas: z.int().min(1).max(16).default(1),
    /**
     * A path that answers 2xx or 3xx; the gateway asks for it on the service's port.
     * @default healthCheck.http; with healthCheck.command only whether the port takes connections
     */
    healthPath: healthPath.optional(),
  });

const healthCheck = z
  .strictObject({
    /**
     * A path that answers 2xx; asked with the image's own wget on the service's port.
     * @default "/" if there is a port
     */
    http: healthPath.optional(),
    /** A command in the image that exits 0 when the service is well. */
    command: commandLine(1).optional(),
    intervalSeconds: z.int().min(1).max(300).default(5),
    timeoutSeconds: z.int().min(1).max(120).default(3),
    retries: z.int().min(1).max(20).default(3),
    startPeriodSeconds: z.int().min(0).max(600).default(10),
  })
  .refine((value) => value.http === undefined || value.command === undefined, {
    params: { allowed: "http or command, not both", fix: "remove one" },
  });

export const service = (context: SchemaContext) =>
  z
    .strictObject({
      ...container(context),
      /** The port that the program listens on; it is never published. */
      port: servicePort.optional(),
      routes: z.array(route(context)).default([]),
      /** Containers of the service on this host, each with its own limits. @default 1 */
      replicas: z.int().min(1).max(16).default(1),
      /** A second version that runs beside this one and gets a share of its requests. @default none */
      canary: canary(context).optional(),
      healthCheck: healthCheck.prefault({}),
      ...dataUse,
      /** Whether the service may open connections to the internet, or the names to which it may, over TLS. */
      egress: z.union([z.boolean(), unique(egressEntry, "name").min(1)]).default(false),
      /** Exact permissions of the Docker API, through a socket proxy of the service's own. @default none */
      dockerApi: dockerApi.optional(),
      /** Seconds within which a new version has to become healthy. */
      startTimeoutSeconds: z.int().min(5).max(900).default(60),
    })
    .superRefine((value, refinement) => {
      const missing = (path: PropertyKey[], fault: FaultParams) =>
        refinement.issues.push(toIssue({ given: "nothing", ...fault }, undefined, path));
      if (value.routes.length > 0 && value.port === undefined)
        missing(["port"], { allowed: "the port that the routes lead to", fix: "add port: <1024 to 65535>" });
      else if (value.healthCheck.command === undefined && value.port === undefined) {
        missing(["healthCheck"], {
          allowed: "a command where the service has no port",
          fix: "add healthCheck: { command: [...] }",
        });
      }
    });
