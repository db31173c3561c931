"""The AT firmware of the virtual module, command by command as the document describes it.

A byte passes through these files, in this order::

    at_firmware      the program on the chip: moments, echo, busy, who runs
    line             where a command line begins and ends
    command          which form of which command it is, and its arguments
    command_table    all commands: name and form to the function that runs them
    basic, wifi_mode the commands, in the order of the document's sections
    state            what the running firmware holds: current values and the stored ones
    settings         what is stored, by area, and how each value is coded
    parameter_store  both parameter areas of the flash
    parameter_area   one area: two copies and a flag (docs/parameter-area.md)

The commands of section 5 act on what goes on beside them::

    link, link_table the five links, and what the network says of them
    reception        what peers send: +IPD, and how far they may go on
    server           clients that come, and are dismissed
    query, host      names and echoes
    payload          the bytes behind a prompt
    send_buffer      segments that wait for a peer
    passthrough      bytes from the UART as they come, cut into packets (packet)
    own_connection   what the firmware itself has to say to an update server

Where the document and the real firmware differ, nothing here decides: `dialect` holds the table.
"""
