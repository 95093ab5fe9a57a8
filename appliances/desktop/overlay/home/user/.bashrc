# SPDX-License-Identifier: GPL-3.0-or-later
PS1='\u@\h:\w\$ '
alias ls='ls --color=auto' ll='ls -l'
