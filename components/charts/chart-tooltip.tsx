import { type ChartSeries, type ChartUnit, pointText, totalText } from './series'

/** All series of one bucket, the largest first, and their total. */
export function ChartTooltip({
  title,
  unit,
  series,
  index,
  mark,
  hint,
}: {
  title: string
  unit: ChartUnit
  series: readonly ChartSeries[]
  index: number
  /** What happened then. */
  mark: string | null
  hint: string | null
}) {
  const sorted = [...series].sort((a, b) => (b.values[index] ?? -1) - (a.values[index] ?? -1))
  const total = series.length > 1 ? totalText(unit, series, index) : null
  return (
    <div className="min-w-40 rounded-card border bg-surface px-3 py-2 text-xs text-fg shadow-float">
      <p className="mb-1 text-muted">{title}</p>
      <table className="w-full">
        <tbody>
          {sorted.map((one) => (
            <tr key={one.id}>
              <td className="max-w-48 truncate pr-4">
                <span
                  className="mr-1.5 inline-block size-2 rounded-[2px]"
                  style={{ background: one.colour }}
                  aria-hidden
                />
                {one.label}
              </td>
              <td className="text-right whitespace-nowrap">{pointText(unit, one, index)}</td>
            </tr>
          ))}
          {total === null ? null : (
            <tr className="border-t font-medium">
              <td className="pt-1">Total</td>
              <td className="pt-1 text-right whitespace-nowrap">{total}</td>
            </tr>
          )}
        </tbody>
      </table>
      {mark ? <p className="mt-1 max-w-64 border-t pt-1">{mark}</p> : null}
      {hint ? <p className="mt-1 text-muted">{hint}</p> : null}
    </div>
  )
}
