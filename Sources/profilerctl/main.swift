import CSecureStart
import Client

Profilerctl.start()
