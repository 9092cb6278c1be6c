import { withExceptions, type Judged } from "./exceptions";
import type { PostureEntry, Rule } from "./rule";
import type { StackView } from "./view";

/**
 * Judges a view by rules. A failure that the container's own labels explain is `accepted`, with the reason; one that an
 * exception of the stack covers is, too, until the exception ends.
 */
export function judge(rules: readonly Rule[], view: StackView): PostureEntry[] {
  const byResource = new Map(view.containers.map((container) => [container.resource, container]));
  const judged = rules.flatMap((rule) =>
    rule.check(view).map((verdict): Judged => {
      const reason = byResource.get(verdict.resource)?.accepted[rule.id];
      if (verdict.status !== "fail" || reason === undefined) return { rule, verdict };
      return { rule, verdict: { ...verdict, status: "accepted", message: `${verdict.message}: ${reason}` } };
    }),
  );
  return withExceptions(judged, rules, view);
}
