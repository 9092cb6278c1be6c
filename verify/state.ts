/** What the stack's state says there is, from `pulumi stack export --show-secrets`. */
import { isSecretValue, SECRET_MARKER, type PlannedResource } from "../hardening/rules";
import { isTree, leaf, tree } from "../hardening/tree";

export interface StateResource extends PlannedResource {
  /** The engine's or the server's id; empty for a component. */
  readonly id: string;
}

export interface StackState {
  /** Without what is only waiting to be deleted. */
  readonly resources: readonly StateResource[];
  /** Values of secrets that are long enough to be recognised. They stay in this process. */
  readonly secrets: readonly string[];
  /** Which of them each resource holds, by its name. */
  readonly holders: Readonly<Record<string, readonly string[]>>;
  /** Generated passwords by the names of their resources. They stay in this process. */
  readonly passwords: Readonly<Record<string, string>>;
  /** What the program exports, secrets in clear. They stay in this process. */
  readonly outputs: unknown;
}

const PASSWORD = "random:index/randomPassword:RandomPassword";
/** Characters. A shorter value occurs by chance. */
const RECOGNISABLE = 16;

/** @param exported the parsed export; undefined gives a state without resources */
export function stackState(exported: unknown): StackState {
  const all = tree(tree(exported)["deployment"])["resources"];
  const resources = (Array.isArray(all) ? (all as unknown[]) : []).map(tree).filter((one) => one["delete"] !== true);
  const taken = resources.map((one) => {
    const [ofInputs, ofOutputs] = [new Set<string>(), new Set<string>()];
    const inputs = tree(take(one["inputs"], ofInputs));
    // The provider's notes on its own format are secret as a whole where one value is.
    take({ ...tree(one["outputs"]), __pulumi_raw_state_delta: undefined }, ofOutputs);
    return { one, inputs, ofInputs, ofOutputs, name: leaf(one["urn"]).split("::").at(-1) ?? "" };
  });
  return {
    resources: taken.map(({ one, inputs, name }) => ({
      id: leaf(one["id"]),
      type: leaf(one["type"]),
      name,
      protect: one["protect"] === true,
      inputs,
    })),
    // Outputs hold what is generated: a password is no input of anything but what uses it.
    secrets: [
      ...new Set([
        ...taken.flatMap(({ ofInputs }) => [...ofInputs]),
        ...taken.flatMap(({ ofOutputs }) => [...ofOutputs]),
      ]),
    ],
    holders: Object.fromEntries(
      taken.flatMap(({ name, ofInputs, ofOutputs }) => {
        const held = [...new Set([...ofInputs, ...ofOutputs])];
        return held.length === 0 ? [] : [[name, held]];
      }),
    ),
    passwords: Object.fromEntries(
      taken.flatMap(({ one, name }) =>
        one["type"] === PASSWORD ? [[name, leaf(opened(tree(one["outputs"])["result"]))]] : [],
      ),
    ),
    outputs: opened(resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.["outputs"]),
  };
}

/** A value whose secrets are in clear. */
function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (!isTree(value)) return value;
  if (isSecretValue(value)) return opened(parsed(leaf(value["plaintext"])));
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, opened(child)]));
}

/** Replaces secrets by a marker, and keeps their values. */
function take(value: unknown, secrets: Set<string>): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => take(one, secrets));
  if (!isTree(value)) return value;
  if (isSecretValue(value)) {
    remember(parsed(leaf(value["plaintext"])), secrets);
    return SECRET_MARKER;
  }
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, take(child, secrets)]));
}

/** Uploads are secret as a list; what is secret of them is the files' contents, except public certificates. */
function remember(value: unknown, secrets: Set<string>): void {
  if (typeof value === "string") {
    const password = /^\w+:\/\/[^:/@]*:([^@]+)@/.exec(value)?.[1] ?? "";
    for (const one of [value, password])
      if (one.length >= RECOGNISABLE && !one.startsWith("-----BEGIN CERTIFICATE")) secrets.add(one);
  }
  if (Array.isArray(value)) for (const one of value as unknown[]) remember(tree(one)["content"], secrets);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return json;
  }
}
