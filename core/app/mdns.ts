/**
 * Finding gateways on the local network: multicast DNS with service discovery (RFC 6762, RFC 6763).
 *
 * Advertising says that a gateway is here and how to know it, under names that nobody else has, over IPv4 and IPv6; browsing lists
 * who says so. What is heard is anybody's word: an address to try, never a reason to trust. Started by commands only; the gateway
 * process opens none of this.
 */
export { advertiseGateway, type Advertisement } from "./mdns/advertise.ts";
export { browseGateways, type FoundGateway } from "./mdns/browse.ts";
export { SERVICE_TYPE, type GatewayService, type ServiceFacts } from "./mdns/gateway-service.ts";
