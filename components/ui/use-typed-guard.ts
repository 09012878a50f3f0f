import { useEffect, useRef } from 'react'

/** For a dialog: once something was typed into it, a click beside it no longer closes it. Esc and its buttons do. */
export function useTypedGuard(open: boolean) {
  const typed = useRef(false)
  useEffect(() => {
    if (open) typed.current = false
  }, [open])
  return {
    onInput: () => {
      typed.current = true
    },
    onInteractOutside: (event: Event) => {
      if (typed.current) event.preventDefault()
    },
  }
}
