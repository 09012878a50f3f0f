import { startProduct } from './support/product.ts'

/**
 * Starts the product by `npm start` and tells the specs by environment: GATEHOUSE_E2E_ADMIN_URL, _GATEWAY_URL, _EMAIL,
 * _PASSWORD (as printed), _TOKEN (management API, role admin), _DATA_DIR. With GATEHOUSE_E2E_ADMIN_URL set already,
 * that product is used and nothing is started.
 */
export default async function globalSetup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.GATEHOUSE_E2E_ADMIN_URL) return undefined
  const product = await startProduct()
  Object.assign(process.env, {
    GATEHOUSE_E2E_ADMIN_URL: product.adminUrl,
    GATEHOUSE_E2E_GATEWAY_URL: product.gatewayUrl,
    GATEHOUSE_E2E_EMAIL: product.email,
    GATEHOUSE_E2E_PASSWORD: product.password,
    GATEHOUSE_E2E_TOKEN: product.token,
    GATEHOUSE_E2E_DATA_DIR: product.dataDir,
  })
  return product.stop
}
