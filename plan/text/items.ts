import type { Fact, Item, Summary } from "../summary";
import { block, fill, type Page } from "./page";

const LABEL_WIDTH = 15;

/** What the stack is, a paragraph a part of it. */
export function summaryLines({ edge, routes, programs, jobs = [], data }: Summary, page: Page): string[] {
  return [
    ...section("Edge", [edge], page),
    ...section(`Routes (${routes.length})`, routes, page),
    ...section("Services", programs, page),
    ...section("Jobs", jobs, page),
    ...section("Data", data, page),
  ];
}

function section(title: string, items: readonly Item[], page: Page): string[] {
  if (items.length === 0) return [];
  return [page.paint("bold", title), ...items.flatMap((item) => itemLines(item, page)), ""];
}

function itemLines({ title, detail, facts }: Item, page: Page): string[] {
  const { width, paint } = page;
  const head =
    2 + title.length + 2 + detail.length <= width
      ? [`  ${paint("bold", title)}  ${detail}`]
      : [...block(title, "  ", width).map((line) => paint("bold", line)), ...block(detail, "    ", width)];
  return [...head, ...facts.flatMap((each) => factLines(each, page))];
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
