import { LoaderCircle } from 'lucide-react'
import { Slot } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from './cn'

const BASE =
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-control border font-medium whitespace-nowrap select-none transition-colors duration-[120ms] disabled:opacity-50 aria-disabled:opacity-50 [&_svg]:shrink-0'
const VARIANTS = {
  primary: 'border-transparent bg-accent text-accent-fg not-disabled:hover:bg-accent-hover',
  secondary: 'border-border bg-surface text-fg not-disabled:hover:bg-hover',
  ghost: 'border-transparent bg-transparent text-fg not-disabled:hover:bg-hover',
  danger: 'border-transparent bg-danger text-danger-fg not-disabled:hover:bg-danger-hover',
  dangerGhost: 'border-transparent bg-transparent text-danger not-disabled:hover:bg-danger-soft',
} as const
const SIZES = {
  sm: 'h-7 px-2.5 text-sm [&_svg]:size-3.5',
  md: 'h-8 px-3 text-sm [&_svg]:size-4',
  lg: 'h-9 px-4 text-base [&_svg]:size-4',
} as const

interface ButtonLook {
  variant?: keyof typeof VARIANTS
  size?: keyof typeof SIZES
}

/** A button that says what happens. `loading` keeps its width and its words; `asChild` lends the look to a link. */
export function Button({
  variant = 'secondary',
  size = 'md',
  loading = false,
  asChild = false,
  className,
  children,
  disabled,
  type,
  ...props
}: ComponentProps<'button'> & ButtonLook & { loading?: boolean; asChild?: boolean }) {
  const classes = cn(BASE, VARIANTS[variant], SIZES[size], className)
  if (asChild) {
    return (
      <Slot.Root className={classes} {...props}>
        {children}
      </Slot.Root>
    )
  }
  return (
    <button
      type={type ?? 'button'}
      className={classes}
      disabled={disabled || loading}
      aria-busy={loading || undefined}
      {...props}
    >
      {loading ? <LoaderCircle className="animate-spin" aria-hidden /> : null}
      {children}
    </button>
  )
}

/** An icon alone: `label` is its name for those who don't see it, and its tooltip. */
export function IconButton({
  label,
  variant = 'ghost',
  size = 'md',
  className,
  children,
  ...props
}: Omit<ComponentProps<'button'>, 'aria-label'> & ButtonLook & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={cn(BASE, VARIANTS[variant], SIZES[size], size === 'sm' ? 'w-7 px-0' : 'w-8 px-0', className)}
      {...props}
    >
      {children}
    </button>
  )
}
