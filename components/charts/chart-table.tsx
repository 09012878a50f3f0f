import Link from 'next/link'
import type { ChartMark } from './chart-marks'
import { pointText, totalText } from './series'
import type { TimeChartProps } from './time-chart'

/** The numbers of a chart, the newest first. */
export function ChartTable({
  name,
  unit,
  buckets,
  series,
  text,
  hrefOf,
  marks = [],
  height = 200,
}: TimeChartProps) {
  const withTotal = series.length > 1 && unit !== 'ms' && unit !== 'share'
  const indexes = buckets.map((_, index) => index).reverse()
  return (
    <section
      aria-label={`${name} as table`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1).
      tabIndex={0}
      className="overflow-auto -outline-offset-2"
      style={{ height }}
    >
      <table className="w-full text-sm">
        <thead className="sticky top-0 bg-surface text-xs text-muted">
          <tr>
            <th scope="col" className="py-1 pr-3 text-left font-medium">
              From
            </th>
            {series.map((one) => (
              <th key={one.id} scope="col" className="max-w-40 truncate py-1 pl-3 text-right font-medium">
                {one.label}
              </th>
            ))}
            {withTotal ? (
              <th scope="col" className="py-1 pl-3 text-right font-medium">
                Total
              </th>
            ) : null}
            {marks.length > 0 ? (
              <th scope="col" className="py-1 pl-3 text-left font-medium">
                Changes
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {indexes.map((index) => (
            <tr key={buckets[index]} className="border-t">
              <th scope="row" className="py-1 pr-3 text-left font-normal whitespace-nowrap">
                {hrefOf ? (
                  <Link href={hrefOf(index)} className="hover:underline">
                    {text.full(buckets[index] ?? '')}
                  </Link>
                ) : (
                  text.full(buckets[index] ?? '')
                )}
              </th>
              {series.map((one) => (
                <td key={one.id} className="py-1 pl-3 text-right whitespace-nowrap">
                  {pointText(unit, one, index)}
                </td>
              ))}
              {withTotal ? (
                <td className="py-1 pl-3 text-right font-medium whitespace-nowrap">
                  {totalText(unit, series, index)}
                </td>
              ) : null}
              {marks.length > 0 ? (
                <td className="py-1 pl-3">
                  <MarkLink mark={marks.find((mark) => mark.index === index)} />
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function MarkLink({ mark }: { mark: ChartMark | undefined }) {
  if (!mark) return null
  return (
    <Link href={mark.href} className="hover:underline">
      {mark.title}
    </Link>
  )
}
