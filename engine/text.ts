/** What programs wrote, as it is read and shown. */

/** The lines of a text that are not empty. */
export const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

/** The end of a text. @param count Lines. @default 8 */
export const lastLines = (text: string, count = 8): string => text.trim().split("\n").slice(-count).join("\n");

export const indent = (text: string): string =>
  text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
