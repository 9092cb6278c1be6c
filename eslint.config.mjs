import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["test/stubs/", "dist/", "node_modules/", ".rampart/", "coverage/"] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "max-lines": ["error", { max: 460, skipBlankLines: true, skipComments: true }],
      eqeqeq: "error",
    },
  },
  // A zod schema's type is inferred: writing it out would be the schema a second time.
  {
    files: ["config/schema.ts", "config/data-schema.ts", "config/values.ts"],
    rules: { "@typescript-eslint/explicit-module-boundary-types": "off" },
  },
  // A test file holds the cases of one subject; tables of cases are long.
  {
    files: ["test/**/*.ts"],
    rules: { "max-lines": ["error", { max: 700, skipBlankLines: true, skipComments: true }] },
  },
  // A suite is an array of checks that its annotation types; the rule does not look through arrays.
  { files: ["test/e2e/suites/*.ts"], rules: { "@typescript-eslint/explicit-module-boundary-types": "off" } },
  // The rule takes a program whose exports are one object (`export =`) for a file of types.
  { files: ["index.ts"], rules: { "@typescript-eslint/consistent-type-imports": "off" } },
  { files: ["**/*.mjs"], ...tseslint.configs.disableTypeChecked },
);
