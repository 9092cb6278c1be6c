import { fileText } from "../files";

/** What holds a consumer to its own containers, and gives those that it creates their limits: HAProxy runs it. */
export const consumerScript = (): string => fileText(__dirname, "consumer.lua");
