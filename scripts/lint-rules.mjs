/**
 * What oxlint has no rule of its own for: `no-restricted-syntax` as ESLint has it, for the selectors in
 * oxlint.config.mjs.
 */
const restrictedSyntax = {
  meta: {
    type: "suggestion",
    schema: { type: "array", items: { type: "object" } },
  },
  create(context) {
    return Object.fromEntries(
      context.options.map(({ selector, message }) => [selector, (node) => context.report({ node, message })]),
    );
  },
};

export default { meta: { name: "rampart" }, rules: { "no-restricted-syntax": restrictedSyntax } };
