import Link from 'next/link'
import { markPlace } from './marks'

/** What happened at a moment, such as a change: a line over the chart, told in its tooltip. */
export interface ChartMark {
  /** Of the bucket in which it lies. */
  readonly index: number
  readonly title: string
  readonly href: string
}

/** Room above the drawing for the heads of the lines. */
export const MARKS_HEIGHT = 16

/** Lines over a drawing that begins `left` and ends `right` pixels from the edges; each head leads to what it marks. */
export function ChartMarks({
  marks,
  buckets,
  kind,
  left,
  right,
  bottom,
}: {
  marks: readonly ChartMark[]
  buckets: number
  kind: 'line' | 'bars'
  left: number
  right: number
  bottom: number
}) {
  return marks.map((mark) => (
    <span
      key={mark.index}
      className="pointer-events-none absolute top-0 z-10 flex w-0 flex-col items-center"
      style={{
        left: `calc(${left}px + (100% - ${left + right}px) * ${markPlace(mark.index, buckets, kind)})`,
        bottom,
      }}
    >
      <Link
        href={mark.href}
        title={mark.title}
        aria-label={mark.title}
        className="group pointer-events-auto grid shrink-0 place-items-center"
        style={{ width: MARKS_HEIGHT + 4, height: MARKS_HEIGHT }}
      >
        <span className="size-2 rotate-45 bg-fg group-hover:bg-accent" aria-hidden />
      </Link>
      <span className="w-0 flex-1 border-l border-dashed border-fg/50" aria-hidden />
    </span>
  ))
}
