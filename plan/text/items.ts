import type { Fact, Item, Summary } from "../summary";
import { fill, type Page } from "./page";

const LABEL_WIDTH = 15;

/** What the stack is, a paragraph a part of it. */
export function summaryLines({ edge, routes, programs, data }: Summary, page: Page): string[] {
  return [
    ...section("Edge", [edge], page),
    ...section(`Routes (${routes.length})`, routes, page),
    ...section("Services", programs, page),
    ...section("Data", data, page),
  ];
}

function section(title: string, items: readonly Item[], page: Page): string[] {
  if (items.length === 0) return [];
  return [page.paint("bold", title), ...items.flatMap((item) => itemLines(item, page)), ""];
}

function itemLines({ title, detail, facts }: Item, page: Page): string[] {
  const [first = "", ...more] = fill(`${title}  ${detail}`.replace("  ", " \u0000 "), page.width - 2);
  const head = first.replace(" \u0000 ", "  ").replace(title, page.paint("bold", title));
  return [
    `  ${head}`,
    ...more.map((line) => `    ${line.replace("\u0000 ", "")}`),
    ...facts.flatMap((each) => factLines(each, page)),
  ];
}

function factLines({ label, lines, weak }: Fact, { width, paint }: Page): string[] {
  const indent = " ".repeat(4 + LABEL_WIDTH + 2);
  const text = lines.flatMap((line) =>
    fill(line, width - indent.length - 2).map((part, index) => `${index === 0 ? "" : "  "}${part}`),
  );
  return text.map((line, index) => {
    const start = index === 0 ? `    ${paint("dim", label.padEnd(LABEL_WIDTH))}  ` : indent;
    return `${start}${weak === true ? paint("yellow", line) : line}`;
  });
}
