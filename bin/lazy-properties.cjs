/**
 * Pulumi's SDK makes an output, of some thirty promises, for each property that a resource's class declares: a
 * container has eighty, of which a program reads one or two. They are two thirds of the memory of a large plan, and a
 * good part of its time. From here on a property's output is made when something first reads it, by the SDK's own
 * function.
 */
const PATCHED = Symbol.for("rampart: lazy properties");

/** @param rpc the exports of the SDK's runtime/rpc.js; those of any other module are left as they are */
function lazyProperties(rpc) {
  const now = rpc?.transferProperties;
  if (typeof now !== "function" || now[PATCHED] === true) return rpc;
  const later = (resource, label, props) => {
    const resolvers = {};
    for (const key of Object.keys(props)) {
      // The SDK's own: it takes care of these two elsewhere.
      if (key === "id" || key === "urn") continue;
      if (Object.hasOwn(resource, key)) throw new Error(`Property '${key}' is already initialized on target '${label}`);
      resolvers[key] = property(now, { resource, label, key, value: props[key] });
    }
    return resolvers;
  };
  later[PATCHED] = true;
  rpc.transferProperties = later;
  return rpc;
}

/** Defines a property, and gives the function that the SDK calls once it knows the value. */
function property(now, { resource, label, key, value }) {
  let settled;
  let resolve;
  const make = () => {
    delete resource[key];
    resolve = now(resource, label, { [key]: value })[key];
    if (settled !== undefined) resolve(...settled);
    return resource[key];
  };
  // The SDK's is an ordinary property, so whoever writes to it may.
  const set = (written) =>
    Object.defineProperty(resource, key, { configurable: true, enumerable: true, writable: true, value: written });
  Object.defineProperty(resource, key, { configurable: true, enumerable: true, get: make, set });
  return (...facts) => {
    if (resolve === undefined) settled = facts;
    else resolve(...facts);
  };
}

module.exports = { lazyProperties };
