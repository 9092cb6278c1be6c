/** Rampart's rules as policies: one for each rule that a single resource shows, whatever program declares it. */
import type { EnforcementLevel, ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { imageFault } from "../hardening/container/image";
import { CONTAINER_RULES, judge, STACK_RULES, viewOfResources, type Rule, type Severity } from "../hardening/rules";
import { leaf, tree } from "../hardening/tree";
import { knownProperties } from "./known";

const CONTAINER = "docker:index/container:Container";
const IMAGE = "docker:index/remoteImage:RemoteImage";

/** What blocks an update unless the pack's configuration says otherwise. */
const LEVELS: Readonly<Record<Severity, EnforcementLevel>> = {
  critical: "mandatory",
  high: "mandatory",
  medium: "advisory",
  low: "advisory",
};

const PINNED = "rampart-image-pinned";

export function policies(): ResourceValidationPolicy[] {
  return [...CONTAINER_RULES.map(containerPolicy), ...STACK_RULES.filter(({ id }) => id === PINNED).map(imagePolicy)];
}

const policyOf = (
  rule: Rule,
  fault: (args: ResourceValidationArgs) => string | undefined,
): ResourceValidationPolicy => ({
  name: rule.id,
  description: `${rule.title}: ${rule.why}. Source: ${rule.source}`,
  enforcementLevel: LEVELS[rule.severity],
  validateResource: (args, report) => {
    const found = fault(args);
    if (found !== undefined) report(`${found} (${rule.id}, ${rule.severity})`);
  },
});

/** Judged as in a plan; a reason in the label `io.rampart.accepted.<rule>` is an exception. */
const containerPolicy = (rule: Rule): ResourceValidationPolicy =>
  policyOf(rule, ({ type, name, props }) => {
    if (type !== CONTAINER) return undefined;
    const facts = { stack: "", environment: "prod", certificates: "" } as const;
    const view = viewOfResources(facts, [{ type, name, inputs: tree(knownProperties(props)) }]);
    return judge([rule], view).find(({ status }) => status === "fail")?.message;
  });

/** Both ways to name an image: a RemoteImage, or a container that names one itself. */
const imagePolicy = (rule: Rule): ResourceValidationPolicy =>
  policyOf(rule, ({ type, props }) => {
    const reference = leaf(tree(knownProperties(props))[type === IMAGE ? "name" : "image"]);
    if (![IMAGE, CONTAINER].includes(type) || reference === "" || reference.startsWith("sha256:")) return undefined;
    const fault = imageFault(reference);
    return fault === undefined ? undefined : `${reference}: ${fault}`;
  });
