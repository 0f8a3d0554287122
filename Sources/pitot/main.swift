print("pitot")
