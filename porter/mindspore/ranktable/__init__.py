"""Rank tables: which card of which server has which rank. MindSpore before 2.3 cannot start a cluster without."""
