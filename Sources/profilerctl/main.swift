import Client

Profilerctl.main()
