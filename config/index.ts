export * from "./faults";
export * from "./images";
export * from "./schema";
export * from "./load";
export * from "./pulumi";
export { databaseVariable, GENERATED_SECRET_LENGTH, generatedLength } from "./cross-checks";
export * from "./urls";
