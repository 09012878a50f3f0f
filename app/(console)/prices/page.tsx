import type { Metadata } from 'next'
import { PricesScreen } from '@/components/prices/prices-screen'

export const metadata: Metadata = { title: 'Prices' }

export default function Page() {
  return <PricesScreen />
}
