/** The images that a configuration names. */
import { tree } from "../../../hardening/tree";
import type { Configuration } from "./history";

const part = (configuration: Configuration, project: string, key: string): Readonly<Record<string, unknown>> =>
  tree(configuration[`${project}:${key}`]);

const texts = (values: readonly unknown[]): string[] =>
  [...new Set(values.filter((value): value is string => typeof value === "string"))].sort();

/** References of services and the migration: the application's own. */
export const applicationImages = (configuration: Configuration, project: string): string[] =>
  texts([
    ...Object.values(part(configuration, project, "services")).map((service) => tree(service)["image"]),
    part(configuration, project, "migration")["image"],
  ]);

/** The same, and those that replace Rampart's own. */
export const imagesOf = (configuration: Configuration, project: string): string[] =>
  texts([...applicationImages(configuration, project), ...Object.values(part(configuration, project, "images"))]);
