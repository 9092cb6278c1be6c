/** A canary's place among a stack's names: `api.canary` beside the service `api`, whose name has no dot. */
const SUFFIX = ".canary";

export const canaryName = (service: string): string => `${service}${SUFFIX}`;

/** Whose service a container of this name belongs to. */
export const serviceOf = (name: string): string => (name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name);
