/** A line without axes beside a number that says the same; a gap where nothing is known, over a base line. */
export function Sparkline({ values, className }: { values: readonly (number | null)[]; className?: string }) {
  const max = Math.max(...values.map((value) => value ?? 0))
  const x = (index: number) => (index / Math.max(1, values.length - 1)) * WIDTH
  const y = (value: number) => HEIGHT - 1 - (value / Math.max(max, Number.MIN_VALUE)) * (HEIGHT - 2)
  let path = ''
  let pen = false
  values.forEach((value, index) => {
    if (value === null) {
      pen = false
      return
    }
    path += `${pen ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`
    // Alone between gaps: a line of no length, which its round ends make a dot.
    if (!pen && values[index + 1] == null) path += 'h0'
    pen = true
  })
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={className}
      aria-hidden
      focusable="false"
    >
      <path
        d={`M0 ${HEIGHT - 1}H${WIDTH}`}
        stroke="var(--border)"
        strokeWidth={1}
        vectorEffect="non-scaling-stroke"
      />
      <path
        d={path}
        fill="none"
        stroke="var(--chart-1)"
        strokeWidth={1.5}
        strokeLinejoin="round"
        strokeLinecap="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
}

const WIDTH = 120
const HEIGHT = 28
