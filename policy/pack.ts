import { PolicyPack } from "@pulumi/policy";
import { policies } from "./policies";

/** Pulumi runs this file, and talks to the pack that it makes. */
export const pack = new PolicyPack("rampart", { policies: policies() });
