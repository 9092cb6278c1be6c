/** What a service or a job is given: image, user, arguments, variables, secrets. */
import { imageFault } from "../../hardening/container/image";
import type { Environment } from "../environment";
import type { FaultParams } from "../faults";
import { quote } from "../text";
import type { Check } from "./check";
import { isOriginName, originCheck } from "./edge";
import { hasCredentials, isSecretName, looksLikePlaceholder, minimumLength } from "./secret-shapes";

/** Pinned by tag and digest. */
export const imageCheck: Check<string> = (given) => {
  const fault = imageFault(given);
  if (fault === undefined) return undefined;
  const name = given.split("@")[0] ?? "";
  const secret = hasCredentials(given) || /^[^/@]*:[^/@]*@(?!sha256:)/.test(given);
  const plain = !secret && /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,200}$/.test(name) ? name : "<repo>:<tag>";
  return {
    given: secret ? "a reference with a password in it (hidden)" : `${quote(given)} (${fault})`,
    allowed: "repo:tag@sha256:<64 hex digits>, with a tag other than latest",
    fix: `look the digest up with \`docker buildx imagetools inspect ${plain}\` and append it`,
  };
};

/** A plain environment variable: no secret, no wildcard origin. */
export function environmentCheck(name: string, value: string, environment: Environment): FaultParams | undefined {
  // `REQUIRE_PASSWORD: true` is a switch.
  if (isSecretName(name) && !/^(?:true|false|yes|no|on|off)$/i.test(value)) {
    return {
      given: `a plain value of ${value.length} characters (hidden)`,
      allowed: "secrets only under `secrets`; the environment is visible in docker inspect",
      fix:
        `move it to secrets.${name} ("generated", or { config: ` +
        "<key> } after `pulumi config set --secret rampart:<key>`)",
    };
  }
  if (hasCredentials(value)) {
    return {
      given: "a value with credentials in it (hidden)",
      allowed: "values without credentials; the environment is visible in docker inspect",
      fix: `move it to secrets.${name}`,
    };
  }
  if (value.includes("\0"))
    return { given: "a value with a NUL character in it", allowed: "text without NUL characters", fix: "remove it" };
  if (!isOriginName(name)) return undefined;
  if (/ALLOW_?ALL|ALL_?ORIGINS/i.test(name) && /^(?:true|yes|on|1)$/i.test(value)) {
    return {
      given: quote(value),
      allowed: "exact origins; no wildcard",
      fix: "list each origin in full, such as https://app.example.com",
    };
  }
  // Lists are written with commas, blanks, or as JSON.
  for (const origin of value.split(/[\s,;|"'[\]]+/).filter((part) => part !== "")) {
    const fault = originCheck(origin, environment);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** One word of a command line: `docker inspect` shows it, as it does the environment. */
export const argumentCheck: Check<string> = (value) => {
  if (value.includes("\0"))
    return {
      given: "an argument with a NUL character in it",
      allowed: "text without NUL characters",
      fix: "remove it",
    };
  if (!hasCredentials(value)) return undefined;
  return {
    given: "an argument with credentials in it (hidden)",
    allowed: "arguments without credentials; they are visible in docker inspect",
    fix: "put it under `secrets` and have the program read <NAME>_FILE",
  };
};

/**
 * The value of a secret from the configuration: long enough, and not left at a placeholder. Its value is never shown.
 */
export function secretValueCheck(name: string, value: string): FaultParams | undefined {
  const minimum = minimumLength(name);
  const length = value.trim().length;
  const fix = `use ${name}: generated, or set a value made by \`openssl rand -base64 48\``;
  if (looksLikePlaceholder(value.trim()))
    return { given: `a placeholder of ${length} characters (hidden)`, allowed: "a value that nobody can guess", fix };
  if (length < minimum)
    return { given: `a value of ${length} characters (hidden)`, allowed: `at least ${minimum} characters`, fix };
  return undefined;
}

/** `uid:gid`, both numeric, neither root's nor beyond what a kernel takes. */
export const userCheck: Check<string> = (given) => {
  const ids = /^([1-9]\d{0,9}):([1-9]\d{0,9})$/.exec(given)?.slice(1).map(Number);
  if (ids !== undefined && ids.every((id) => id <= 2_147_483_647)) return undefined;
  return {
    allowed: "uid:gid, both numeric and neither 0; or { root: <reason> }",
    fix: "use a numeric user of the image, such as 1000:1000",
  };
};
