import ts from 'typescript';

/** The same text with every comment blanked, line for line: what is left is code. */
export function blankComments(text: string): string {
  const source = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, false);
  const comments = new Map<number, number>();
  const collect = (ranges: readonly ts.CommentRange[] | undefined) => {
    for (const { pos, end } of ranges ?? []) comments.set(pos, end);
  };
  const visit = (node: ts.Node): void => {
    collect(ts.getLeadingCommentRanges(text, node.getFullStart()));
    collect(ts.getTrailingCommentRanges(text, node.getEnd()));
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  let result = text;
  for (const [from, to] of comments) {
    result = result.slice(0, from) + result.slice(from, to).replaceAll(/[^\n]/g, ' ') + result.slice(to);
  }
  return result;
}
