/** A line without axes beside a number that says the same; a gap where nothing is known. */
export function Sparkline({ values, className }: { values: readonly (number | null)[]; className?: string }) {
  const max = Math.max(...values.map((value) => value ?? 0))
  const known = values.filter((value) => value !== null).length
  if (known < 2 || max <= 0) return <span className={className} aria-hidden />
  const x = (index: number) => (index / (values.length - 1)) * WIDTH
  const y = (value: number) => HEIGHT - 1 - (value / max) * (HEIGHT - 2)
  let path = ''
  let pen = false
  values.forEach((value, index) => {
    if (value === null) {
      pen = false
      return
    }
    path += `${pen ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`
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
